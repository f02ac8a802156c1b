// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/mute/time_interval.h"

#include <algorithm>

#include <absl/time/civil_time.h>

namespace vigil::alerting {
namespace {

using Range = TimeCondition::Range;

constexpr int kMinutesPerHour = 60;

bool Fits(const std::vector<Range>& ranges, int value) {
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(), [value](const Range& range) {
           return range.Contains(value);
         });
}

// 0 is Sunday.
int WeekdayOf(absl::CivilDay day) {
  return (static_cast<int>(absl::GetWeekday(day)) + 1) % 7;  // Abseil begins with Monday.
}

int DaysInMonth(absl::CivilDay day) {
  const absl::CivilMonth month(day);
  return static_cast<int>(absl::CivilDay(month + 1) - absl::CivilDay(month));
}

bool FitsDayOfMonth(const std::vector<Range>& ranges, absl::CivilDay day) {
  if (ranges.empty()) return true;
  const int days = DaysInMonth(day);
  const auto in_month = [days](int value) {
    return std::clamp(value < 0 ? days + value + 1 : value, 1, days);
  };
  return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) {
    if (range.first > days) return false;
    return Range{in_month(range.first), in_month(range.last)}.Contains(day.day());
  });
}

}  // namespace

bool TimeCondition::Contains(int64_t time_ms) const {
  const absl::CivilMinute local = absl::ToCivilMinute(absl::FromUnixMillis(time_ms), zone);
  const absl::CivilDay day(local);
  return Fits(minutes, local.hour() * kMinutesPerHour + local.minute()) &&
         FitsDayOfMonth(days_of_month, day) && Fits(months, day.month()) &&
         Fits(weekdays, WeekdayOf(day)) && Fits(years, static_cast<int>(day.year()));
}

bool TimeInterval::Contains(int64_t time_ms) const {
  return std::any_of(conditions.begin(), conditions.end(),
                     [time_ms](const TimeCondition& c) { return c.Contains(time_ms); });
}

}  // namespace vigil::alerting
