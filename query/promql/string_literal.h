// SPDX-License-Identifier: Apache-2.0
//
// String literals of the query languages: 'a', "a" with escapes, `a` without.
#pragma once

#include <string>
#include <string_view>

#include <absl/status/statusor.h>

namespace vigil::promql {

// The length in bytes of the literal at the start of `text`, both quotes counted, or 0 if it does
// not end; a newline ends only backtick literals' lines. Requires: `text` begins with a quote.
size_t StringLiteralLength(std::string_view text);

// What is wrong with the literal at the start of `text`, which does not end: the first bad escape,
// if there is one. Requires: StringLiteralLength says 0.
absl::Status UnterminatedLiteral(std::string_view text);

// The text that `literal`, quotes included, stands for. InvalidArgument for a bad escape or when
// the result is not UTF-8. Requires: `literal` is as long as StringLiteralLength says.
absl::StatusOr<std::string> UnquoteLiteral(std::string_view literal);

}  // namespace vigil::promql
