// SPDX-License-Identifier: Apache-2.0
//
// Durations and instants as people write them: "1h30m", "2026-01-02T03:04:05Z", "-15m".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

namespace vigil {

// A half-open span of Unix time in milliseconds is written [start, end); this one is closed on both
// sides, as the Prometheus API's is.
struct TimeRange {
  int64_t start_ms = 0;
  int64_t end_ms = 0;

  bool Contains(int64_t t_ms) const { return t_ms >= start_ms && t_ms <= end_ms; }
  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

// Milliseconds of a Prometheus duration: integers with the units y w d h m s ms (365-day years) in
// descending order, each once, or "0". InvalidArgument on anything else and on overflow.
absl::StatusOr<int64_t> ParseDurationMs(std::string_view text);

// The shortest such duration for `duration_ms` ("90s" is "1m30s"); negative ones with "-" in front.
std::string FormatDurationMs(int64_t duration_ms);

// Unix milliseconds of RFC 3339 ("2026-01-02T03:04:05.678Z", any offset), of Unix seconds with an
// optional fraction ("1767323045.678"), of "now", or of a distance from now ("-1h", "now-1h").
absl::StatusOr<int64_t> ParseInstantMs(std::string_view text, int64_t now_ms);

// RFC 3339 in UTC with milliseconds, "2026-01-02T03:04:05.678Z".
std::string FormatInstantMs(int64_t unix_ms);

// RFC 3339 in UTC with nine fraction digits.
std::string FormatInstantNs(int64_t unix_ns);

}  // namespace vigil
