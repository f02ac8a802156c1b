// SPDX-License-Identifier: Apache-2.0
//
// Formatting as Go's fmt and strconv do it: printf verbs, print, floats.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "alerting/template/value.h"

namespace vigil::text_template {

// The precision that gives the fewest digits that read back as the same number.
inline constexpr int kShortest = -1;

// Texts that formatting makes stop here: widths come from the template.
inline constexpr size_t kMaxFormattedBytes = 4 << 20;
// Wider fields and more digits are refused (Go itself stops at a million).
inline constexpr int kMaxWidth = 10'000;

// As strconv.FormatFloat: `verb` is one of e, E, f, F, g, G. Requires: precision <= kMaxWidth.
std::string FormatFloat(double value, char verb, int precision);

// As fmt.Sprintf, mistakes in the text as there ("%!d(string=x)"). ResourceExhausted when the
// outcome grows beyond kMaxFormattedBytes.
absl::StatusOr<std::string> Sprintf(std::string_view format, Args args);

// As fmt.Sprint: a space between two neighbours of which neither is a string.
std::string Sprint(Args args);

// As fmt.Sprintln: always a space, and a newline at the end.
std::string Sprintln(Args args);

}  // namespace vigil::text_template
