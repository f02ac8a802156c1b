// SPDX-License-Identifier: Apache-2.0
//
// How errors in a query's text read.
#pragma once

#include <string_view>

#include <absl/status/status.h>

namespace vigil::promql {

// InvalidArgument "LINE:COL: parse error: MESSAGE" for what is wrong at byte `offset` of `text`.
absl::Status ParseErrorAt(std::string_view text, size_t offset, std::string_view message);

}  // namespace vigil::promql
