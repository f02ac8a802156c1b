// SPDX-License-Identifier: Apache-2.0
#include "base/duration.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include <absl/time/time.h>
#include <fmt/format.h>

#include "base/clock.h"
#include "base/strings.h"

namespace vigil {
namespace {

struct Unit {
  std::string_view name;
  int64_t ms;
};

constexpr std::array<Unit, 7> kUnits = {{{"y", 365 * kMillisPerDay},
                                         {"w", 7 * kMillisPerDay},
                                         {"d", kMillisPerDay},
                                         {"h", kMillisPerHour},
                                         {"m", kMillisPerMinute},
                                         {"s", kMillisPerSecond},
                                         {"ms", 1}}};

absl::Status BadDuration(std::string_view text) {
  return absl::InvalidArgumentError(fmt::format(
      "\"{}\" is not a duration: write integers with units y, w, d, h, m, s or ms, largest first, "
      "as in 1h30m",
      text));
}

std::string FormatInstant(absl::Time time, const char* layout) {
  return absl::FormatTime(layout, time, absl::UTCTimeZone());
}

}  // namespace

absl::StatusOr<int64_t> ParseDurationMs(std::string_view text) {
  if (text == "0") return 0;
  if (text.empty()) return BadDuration(text);
  int64_t total_ms = 0;
  size_t next_unit = 0;
  for (std::string_view rest = text; !rest.empty();) {
    int64_t count = 0;
    const auto number = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    if (number.ec != std::errc() || rest[0] == '-') return BadDuration(text);
    rest.remove_prefix(number.ptr - rest.data());
    const std::string_view name = rest.substr(0, rest.find_first_of("0123456789"));
    rest.remove_prefix(name.size());
    while (next_unit < kUnits.size() && kUnits[next_unit].name != name) ++next_unit;
    if (next_unit == kUnits.size()) return BadDuration(text);
    int64_t part_ms = 0;
    if (__builtin_mul_overflow(count, kUnits[next_unit].ms, &part_ms) ||
        __builtin_add_overflow(total_ms, part_ms, &total_ms)) {
      return absl::InvalidArgumentError(fmt::format("duration \"{}\" is out of range", text));
    }
    ++next_unit;
  }
  return total_ms;
}

std::string FormatDurationMs(int64_t duration_ms) {
  if (duration_ms == 0) return "0s";
  std::string text = duration_ms < 0 ? "-" : "";
  // Unsigned, because the smallest int64 has no negative.
  uint64_t rest = duration_ms < 0 ? 0 - static_cast<uint64_t>(duration_ms) : duration_ms;
  for (const Unit& unit : kUnits) {
    const uint64_t unit_ms = unit.ms;
    // Years and weeks only where they divide evenly, as Prometheus prints them.
    if ((unit.name == "y" || unit.name == "w") && rest % unit_ms != 0) continue;
    if (rest >= unit_ms) text += fmt::format("{}{}", rest / unit_ms, unit.name);
    rest %= unit_ms;
  }
  return text;
}

absl::StatusOr<int64_t> ParseInstantMs(std::string_view text, int64_t now_ms) {
  if (text == "now") return now_ms;
  double seconds = 0;
  std::string_view distance = text;
  if (distance.starts_with("now")) distance.remove_prefix(3);
  if (distance.size() > 1 && (distance[0] == '-' || distance[0] == '+')) {
    const absl::StatusOr<int64_t> delta_ms = ParseDurationMs(distance.substr(1));
    int64_t sum_ms = 0;
    if (delta_ms.ok() &&
        !__builtin_add_overflow(now_ms, distance[0] == '-' ? -*delta_ms : *delta_ms, &sum_ms)) {
      return sum_ms;
    }
  }
  if (ParseDouble(text, &seconds) && std::isfinite(seconds)) {
    const double unix_ms = std::round(seconds * kMillisPerSecond);
    if (std::fabs(unix_ms) < 9.2e18) return static_cast<int64_t>(unix_ms);
  }
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, ToAbsl(text), &time, &error) &&
      time != absl::InfiniteFuture() && time != absl::InfinitePast()) {
    return absl::ToUnixMillis(time);
  }
  return absl::InvalidArgumentError(fmt::format(
      "\"{}\" is not a time: write RFC 3339 (2026-01-02T03:04:05Z), Unix seconds, \"now\", or a "
      "distance from now such as -15m",
      text));
}

std::string FormatInstantMs(int64_t unix_ms) {
  return FormatInstant(absl::FromUnixMillis(unix_ms), "%Y-%m-%dT%H:%M:%E3SZ");
}

std::string FormatInstantNs(int64_t unix_ns) {
  return FormatInstant(absl::FromUnixNanos(unix_ns), "%Y-%m-%dT%H:%M:%E9SZ");
}

}  // namespace vigil
