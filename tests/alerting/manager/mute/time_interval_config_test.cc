// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/mute/time_interval_config.h"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using vigil::testing::StatusIs;

absl::Status Read(const std::string& yaml, std::vector<TimeInterval>* intervals) {
  YamlErrors errors("t.yml");
  ReadTimeIntervals(YAML::Load(yaml), "time interval", intervals, &errors);
  return errors.ToStatus();
}

TEST(TimeIntervalConfig, ReadsWhatThereIs) {
  std::vector<TimeInterval> intervals;
  EXPECT_OK(Read("", &intervals));
  EXPECT_OK(Read("[]", &intervals));
  EXPECT_TRUE(intervals.empty());
  EXPECT_OK(Read("[{name: a}, {name: b, time_intervals: [{}, {location: Local}, {location: ''}]}]",
                 &intervals));
  ASSERT_EQ(intervals.size(), 2u);
  EXPECT_EQ(intervals[1].name, "b");
  EXPECT_EQ(intervals[1].conditions.size(), 3u);
}

struct Mistake {
  const char* condition;
  const char* error;
};

class TimeIntervalMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(TimeIntervalMistake, IsNamedWithItsPlace) {
  std::vector<TimeInterval> intervals;
  const std::string yaml =
      std::string("- name: x\n  time_intervals:\n  - ") + GetParam().condition + "\n";
  EXPECT_THAT(Read(yaml, &intervals),
              StatusIs(absl::StatusCode::kInvalidArgument, GetParam().error))
      << GetParam().condition;
}

INSTANTIATE_TEST_SUITE_P(
    All, TimeIntervalMistake,
    ::testing::Values(
        Mistake{"{times: x}", "t.yml:3:13: times must be a list"},
        Mistake{"{times: [{start_time: 9:00, end_time: '24:00'}]}",
                "t.yml:3:27: couldn't parse timestamp 9:00, invalid format"},
        Mistake{"{times: [{start_time: '09:60', end_time: '24:01'}]}",
                "t.yml:3:27: couldn't parse timestamp 09:60, invalid format\n"
                "t.yml:3:46: couldn't parse timestamp 24:01, invalid format"},
        Mistake{"{times: [{start_time: '09:00', end_time: '09:00'}]}",
                "t.yml:3:14: start time cannot be equal or greater than end time"},
        Mistake{"{times: [{start_time: '09:00'}]}",
                "t.yml:3:14: both start and end times must be provided"},
        Mistake{"{times: [{start_time: '09:00', end_time: '10:00', x: y}]}",
                "t.yml:3:55: unknown field x in times"},
        Mistake{"{weekdays: [mon]}", "t.yml:3:17: mon is not a valid weekday"},
        Mistake{"{weekdays: ['1:3']}", "t.yml:3:17: 1 is not a valid weekday"},
        Mistake{"{weekdays: ['friday:monday']}", "t.yml:3:17: start day cannot be before end day"},
        Mistake{"{weekdays: ['monday:tuesday:friday']}",
                "t.yml:3:17: couldn't parse range monday:tuesday:friday, invalid format"},
        Mistake{"{days_of_month: ['0']}",
                "t.yml:3:22: 0 is not a valid day of the month: out of range"},
        Mistake{"{days_of_month: [32, -32]}",
                "t.yml:3:22: 32 is not a valid day of the month: out of range\n"
                "t.yml:3:26: -32 is not a valid day of the month: out of range"},
        Mistake{"{days_of_month: ['5:1']}", "t.yml:3:22: end day 1 is always before start day 5"},
        Mistake{"{days_of_month: ['-1:-3']}",
                "t.yml:3:22: end day -3 is always before start day -1"},
        Mistake{"{days_of_month: ['18:-10', '19:-10']}",
                "t.yml:3:32: end day -10 is always before start day 19"},
        Mistake{"{days_of_month: ['-5:5']}",
                "t.yml:3:22: end day must be negative if start day is negative"},
        Mistake{"{days_of_month: [x]}", "t.yml:3:22: \"x\" is not a number"},
        Mistake{"{months: [jan]}", "t.yml:3:15: jan is not a valid month"},
        Mistake{"{months: ['december:january']}",
                "t.yml:3:15: end month 1 is before start month 12"},
        Mistake{"{years: ['2022:2020']}", "t.yml:3:14: end year 2020 is before start year 2022"},
        Mistake{"{location: Nowhere/X}", "t.yml:3:16: unknown time zone Nowhere/X"},
        Mistake{"{foo: 1}", "t.yml:3:6: unknown field foo in time interval"}));

TEST(TimeIntervalConfig, NamesAreGivenAndUnique) {
  std::vector<TimeInterval> intervals;
  EXPECT_THAT(Read("[{name: a}, {}, {name: a}]", &intervals),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "t.yml:1:13: missing name in time interval\n"
                       "t.yml:1:17: time interval \"a\" is not unique"));
  EXPECT_THAT(Read("x", &intervals), StatusIs(absl::StatusCode::kInvalidArgument,
                                              "t.yml:1:1: time intervals must be a list"));
}

}  // namespace
}  // namespace vigil::alerting
