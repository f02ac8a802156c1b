// SPDX-License-Identifier: Apache-2.0
//
// Numbers and durations as queries spell them: decimal or hexadecimal, octal with a leading 0, with
// underscores between digits; Inf and NaN in any case.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vigil::promql {

// The largest duration, 2^63 nanoseconds, in milliseconds.
inline constexpr int64_t kMaxDurationMs = INT64_MAX / 1'000'000;

// Nothing if `text` is no number. Signs are operators, not part of numbers.
std::optional<double> ParseNumber(std::string_view text);

// What the text begins with. A number is only what is cut like one: it may still be none.
struct NumberScan {
  enum class Kind : uint8_t { kNumber, kDuration, kNeither };
  Kind kind = Kind::kNeither;
  size_t length = 0;  // Of neither: up to where it went wrong.
};
// Requires: `text` begins with a digit, or with a dot and a digit.
NumberScan ScanNumber(std::string_view text);

// What is wrong with what was scanned as a duration, as Prometheus words it; "" if nothing is.
std::string DurationFault(std::string_view text);

}  // namespace vigil::promql
