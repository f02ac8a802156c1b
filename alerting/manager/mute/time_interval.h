// SPDX-License-Identifier: Apache-2.0
//
// Times of day, week, month and year at which routes are silent or awake ("time intervals").
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <absl/time/time.h>

namespace vigil::alerting {

// One condition on an instant. Of each kind that is given, one range must contain it; a kind that
// is not given holds always.
struct TimeCondition {
  // Both ends belong to it.
  struct Range {
    int first = 0;
    int last = 0;
    bool Contains(int value) const { return value >= first && value <= last; }
  };
  std::vector<Range> minutes;   // Of the day.
  std::vector<Range> weekdays;  // 0 is Sunday.
  // 1 is the first day; -1 the last. Ends are brought into the month, but for a range that begins
  // only after it.
  std::vector<Range> days_of_month;
  std::vector<Range> months;  // 1 is January.
  std::vector<Range> years;
  absl::TimeZone zone = absl::UTCTimeZone();

  bool Contains(int64_t time_ms) const;
};

// Contains an instant if any of its conditions does.
struct TimeInterval {
  std::string name;
  std::vector<TimeCondition> conditions;

  bool Contains(int64_t time_ms) const;
};

}  // namespace vigil::alerting
