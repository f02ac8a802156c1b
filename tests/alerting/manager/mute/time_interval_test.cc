// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/mute/time_interval.h"

#include <string_view>

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "alerting/manager/mute/time_interval_config.h"
#include "base/duration.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

// Whether a condition, as the configuration writes it, contains an instant.
bool Contains(std::string_view condition, std::string_view instant) {
  YamlErrors errors("t");
  std::vector<TimeInterval> intervals;
  const std::string yaml = "[{name: x, time_intervals: [" + std::string(condition) + "]}]";
  ReadTimeIntervals(YAML::Load(yaml), "time interval", &intervals, &errors);
  EXPECT_OK(errors.ToStatus()) << condition;
  const absl::StatusOr<int64_t> time_ms = ParseInstantMs(instant, 0);
  EXPECT_OK(time_ms) << instant;
  return intervals.at(0).Contains(*time_ms);
}

TEST(TimeInterval, WithoutConditionsIsNeverAndWithAnEmptyOneAlways) {
  EXPECT_FALSE(Contains("", "2026-01-01T00:00:00Z"));
  EXPECT_TRUE(Contains("{}", "2026-01-01T00:00:00Z"));
}

TEST(TimeInterval, OneOfItsConditionsIsEnough) {
  constexpr std::string_view kTwo = "{years: [2025]}, {months: [january]}";
  EXPECT_TRUE(Contains(kTwo, "2025-06-01T00:00:00Z"));
  EXPECT_TRUE(Contains(kTwo, "2026-01-01T00:00:00Z"));
  EXPECT_FALSE(Contains(kTwo, "2026-06-01T00:00:00Z"));
}

TEST(TimeInterval, EveryKindOfAConditionMustFit) {
  constexpr std::string_view kBoth = "{weekdays: [thursday], months: [january]}";
  EXPECT_TRUE(Contains(kBoth, "2026-01-01T00:00:00Z"));  // A Thursday.
  EXPECT_FALSE(Contains(kBoth, "2026-01-02T00:00:00Z"));
  EXPECT_FALSE(Contains(kBoth, "2026-02-05T00:00:00Z"));
}

TEST(TimeInterval, TimesOfDayBeginAtTheirStartAndEndBeforeTheirEnd) {
  constexpr std::string_view kMorning = "{times: [{start_time: '09:00', end_time: '17:30'}]}";
  EXPECT_FALSE(Contains(kMorning, "2026-01-01T08:59:59.999Z"));
  EXPECT_TRUE(Contains(kMorning, "2026-01-01T09:00:00Z"));
  EXPECT_TRUE(Contains(kMorning, "2026-01-01T17:29:59.999Z"));
  EXPECT_FALSE(Contains(kMorning, "2026-01-01T17:30:00Z"));
  constexpr std::string_view kNight =
      "{times: [{start_time: '22:00', end_time: '24:00'}, {start_time: '00:00', end_time: "
      "'06:00'}]}";
  EXPECT_TRUE(Contains(kNight, "2026-01-01T23:59:59.999Z"));
  EXPECT_TRUE(Contains(kNight, "2026-01-02T00:00:00Z"));
  EXPECT_FALSE(Contains(kNight, "2026-01-02T06:00:00Z"));
}

TEST(TimeInterval, WeekdaysCountFromSunday) {
  constexpr std::string_view kWorkdays = "{weekdays: ['monday:friday']}";
  EXPECT_FALSE(Contains(kWorkdays, "2026-01-04T23:59:59Z"));  // Sunday.
  EXPECT_TRUE(Contains(kWorkdays, "2026-01-05T00:00:00Z"));
  EXPECT_TRUE(Contains(kWorkdays, "2026-01-09T23:59:59Z"));
  EXPECT_FALSE(Contains(kWorkdays, "2026-01-10T00:00:00Z"));
  EXPECT_TRUE(Contains("{weekdays: ['Sunday:MONDAY']}", "2026-01-04T00:00:00Z"));
}

TEST(TimeInterval, DaysOfMonthCountFromEitherEnd) {
  EXPECT_TRUE(Contains("{days_of_month: ['1:5']}", "2026-01-05T23:59:59Z"));
  EXPECT_FALSE(Contains("{days_of_month: ['1:5']}", "2026-01-06T00:00:00Z"));
  constexpr std::string_view kLastThree = "{days_of_month: ['-3:-1']}";
  EXPECT_FALSE(Contains(kLastThree, "2026-02-25T23:59:59Z"));
  EXPECT_TRUE(Contains(kLastThree, "2026-02-26T00:00:00Z"));
  EXPECT_TRUE(Contains(kLastThree, "2026-02-28T23:59:59Z"));
  EXPECT_FALSE(Contains(kLastThree, "2024-02-26T12:00:00Z"));  // A leap year.
  EXPECT_TRUE(Contains(kLastThree, "2024-02-29T12:00:00Z"));
  EXPECT_TRUE(Contains("{days_of_month: ['10:-10']}", "2026-01-22T00:00:00Z"));
  EXPECT_FALSE(Contains("{days_of_month: ['10:-10']}", "2026-01-23T00:00:00Z"));
}

TEST(TimeInterval, DaysOfMonthAreBroughtIntoTheMonth) {
  EXPECT_TRUE(Contains("{days_of_month: ['25:31']}", "2026-02-28T00:00:00Z"));
  EXPECT_FALSE(Contains("{days_of_month: ['30:31']}", "2026-02-28T00:00:00Z"));  // Begins after it.
  EXPECT_TRUE(Contains("{days_of_month: ['-31:-1']}", "2026-02-01T00:00:00Z"));
}

TEST(TimeInterval, MonthsAndYears) {
  EXPECT_TRUE(Contains("{months: ['november:december']}", "2026-12-31T23:59:59Z"));
  EXPECT_FALSE(Contains("{months: ['11:12']}", "2027-01-01T00:00:00Z"));
  EXPECT_TRUE(Contains("{months: ['1:March']}", "2026-03-31T00:00:00Z"));
  EXPECT_TRUE(Contains("{years: ['2020:2022', 2026]}", "2026-12-31T23:59:59Z"));
  EXPECT_FALSE(Contains("{years: ['2020:2022', 2026]}", "2023-01-01T00:00:00Z"));
}

TEST(TimeInterval, PlacesHaveTheirOwnTime) {
  constexpr std::string_view kParis =
      "{times: [{start_time: '09:00', end_time: '10:00'}], location: Europe/Paris}";
  EXPECT_TRUE(Contains(kParis, "2026-01-15T08:00:00Z"));  // Winter: an hour ahead.
  EXPECT_FALSE(Contains(kParis, "2026-01-15T09:00:00Z"));
  EXPECT_TRUE(Contains(kParis, "2026-07-15T07:00:00Z"));  // Summer: two.
  EXPECT_FALSE(Contains(kParis, "2026-07-15T08:00:00Z"));
  // The day is that of the place.
  EXPECT_TRUE(Contains("{weekdays: [friday], location: Asia/Tokyo}", "2026-01-01T15:00:00Z"));
  EXPECT_FALSE(Contains("{weekdays: [friday], location: Asia/Tokyo}", "2026-01-01T14:59:59Z"));
}

// On 29 March 2026 Berlin's clocks went from 02:00 to 03:00, on 25 October from 03:00 to 02:00.
TEST(TimeInterval, HoursThatAreSkippedOrComeTwice) {
  constexpr std::string_view kTwo =
      "{times: [{start_time: '02:00', end_time: '03:00'}], location: Europe/Berlin}";
  EXPECT_FALSE(Contains(kTwo, "2026-03-29T00:59:59Z"));
  EXPECT_FALSE(Contains(kTwo, "2026-03-29T01:00:00Z"));
  EXPECT_TRUE(Contains(kTwo, "2026-10-25T00:00:00Z"));
  EXPECT_TRUE(Contains(kTwo, "2026-10-25T01:59:59Z"));
  EXPECT_FALSE(Contains(kTwo, "2026-10-25T02:00:00Z"));
}

}  // namespace
}  // namespace vigil::alerting
