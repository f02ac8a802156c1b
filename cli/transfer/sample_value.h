// SPDX-License-Identifier: Apache-2.0
//
// Sample values as text that gives back the same 64 bits.
#pragma once

#include <string>
#include <string_view>

namespace vigil::cli {

// The shortest decimal text that reads back as `value`; "NaN", "+Inf", "-Inf"; "StaleNaN" for the
// staleness marker; "NaN:" and 16 hex digits for any other NaN.
std::string ValueText(double value);

// The same as a JSON value: what is no number is put in quotes.
void AppendJsonValue(double value, std::string* json);

// The value behind what ValueText writes, and behind other spellings of numbers. False if it is
// none.
bool ParseValueText(std::string_view text, double* value);

}  // namespace vigil::cli
