// SPDX-License-Identifier: Apache-2.0
//
// Numbers as people like to read them.
#pragma once

#include <string>

namespace vigil::text_template {

// "1.234k", "12.35m": four digits and an SI prefix.
std::string Humanize(double value);
// The same in powers of 1024: "1.5Mi".
std::string Humanize1024(double value);
// Seconds as "1d 2h 3m 4s", "12.35ms".
std::string HumanizeDuration(double seconds);
// A ratio as "12.35%".
std::string HumanizePercentage(double ratio);

}  // namespace vigil::text_template
