// SPDX-License-Identifier: Apache-2.0
//
// Literals as Go writes them: quoted texts, characters, numbers.
#pragma once

#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "alerting/template/value.h"

namespace vigil::text_template {

// The text behind "..." with Go's escapes, or behind `...` as it stands.
absl::StatusOr<std::string> UnquoteString(std::string_view quoted);

// The code point behind '.', as an int.
absl::StatusOr<Value> ParseChar(std::string_view quoted);

// An int, or a float if it has a fraction or an exponent. Underscores may part digits; 0x, 0o and
// 0b prefixes are known.
absl::StatusOr<Value> ParseNumber(std::string_view text);

// Appends the UTF-8 form of `code_point`, U+FFFD for what is none.
void AppendUtf8(uint32_t code_point, std::string* out);

// Takes one code point off the front of `*text`; a byte that is not UTF-8 gives U+FFFD. Requires:
// `*text` is not empty.
uint32_t TakeUtf8(std::string_view* text);

}  // namespace vigil::text_template
