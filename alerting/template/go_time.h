// SPDX-License-Identifier: Apache-2.0
//
// Times and durations as templates see them: Go's time.Time and time.Duration, with their methods
// and layouts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include "alerting/template/value.h"

namespace vigil::text_template {

// `time` by a layout that shows how Go's reference time would look: "2006-01-02 15:04:05 MST".
std::string FormatGoTime(std::string_view layout, absl::Time time, absl::TimeZone zone);

// What `text` says by such a layout; UTC if it names no zone or one by letters. InvalidArgument if
// it does not fit.
absl::StatusOr<absl::Time> ParseGoTime(std::string_view layout, std::string_view text);

// As time.Duration prints: "1h2m3.5s", "1.5µs", "0s".
std::string FormatGoDuration(int64_t nanoseconds);

// Values with the methods of Go's types: Format, Unix, Year, Add, Sub, Before and so on; Seconds,
// Minutes, Hours and so on. A duration counts as an int of nanoseconds where numbers are wanted.
Value MakeTime(absl::Time time, absl::TimeZone zone = absl::UTCTimeZone());
Value MakeDuration(int64_t nanoseconds);

// What such a value holds; nullopt for any other value.
std::optional<absl::Time> TimeOf(const Value& value);
std::optional<int64_t> DurationOf(const Value& value);

}  // namespace vigil::text_template
