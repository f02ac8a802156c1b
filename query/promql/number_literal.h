// SPDX-License-Identifier: Apache-2.0
//
// Number literals of PromQL.
#pragma once

#include <optional>
#include <string_view>

namespace vigil::promql {

// The value of a number as queries write it: decimal, hexadecimal, octal by a leading zero, with
// underscores between digits, Inf or NaN in any case; without sign. Nothing if `text` is not such a
// number.
std::optional<double> ParseNumber(std::string_view text);

}  // namespace vigil::promql
