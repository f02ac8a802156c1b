// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/go_time.h"

#include <gtest/gtest.h>

namespace vigil::text_template {
namespace {

constexpr int64_t kNanos = 1'435'065'584'128'000'000;  // 2015-06-23 13:19:44.128 UTC, a Tuesday.

TEST(GoTimeTest, Layouts) {
  const struct {
    const char* layout;
    const char* text;
  } kRows[] = {{"2006-01-02 15:04:05", "2015-06-23 13:19:44"},
               {"2006-01-02T15:04:05Z07:00", "2015-06-23T13:19:44Z"},
               {"2006-01-02T15:04:05.999999999Z07:00", "2015-06-23T13:19:44.128Z"},
               {"15:04:05.000000", "13:19:44.128000"},
               {"15:04:05.00", "13:19:44.12"},
               {"3:04PM", "1:19PM"},
               {"03:04:05 pm", "01:19:44 pm"},
               {"Mon Jan _2 15:04:05 2006", "Tue Jun 23 13:19:44 2015"},
               {"Monday, 02-Jan-06 15:04:05 MST", "Tuesday, 23-Jun-15 13:19:44 UTC"},
               {"Mon, 02 Jan 2006 15:04:05 -0700", "Tue, 23 Jun 2015 13:19:44 +0000"},
               {"January 2, 2006", "June 23, 2015"},
               {"1/2/06 4:5", "6/23/15 19:44"},
               {"002 __2", "174 174"},
               {"x_2006", "x_2015"},
               {"Janet Monty", "Janet Monty"},
               {"-07:00 Z0700", "+00:00 Z"}};
  for (const auto& row : kRows) {
    EXPECT_EQ(FormatGoTime(row.layout, absl::FromUnixNanos(kNanos), absl::UTCTimeZone()), row.text)
        << row.layout;
  }
  const absl::TimeZone east = absl::FixedTimeZone(-(3 * 3600 + 30 * 60));
  EXPECT_EQ(FormatGoTime("15:04 -07:00 -0700 -07 Z07:00", absl::FromUnixNanos(kNanos), east),
            "09:49 -03:30 -0330 -03 -03:30");
}

TEST(GoTimeTest, Durations) {
  const struct {
    int64_t nanoseconds;
    const char* text;
  } kRows[] = {{0, "0s"},
               {1, "1ns"},
               {1'500, "1.5µs"},
               {2'000'000, "2ms"},
               {1'500'000'000, "1.5s"},
               {-90'000'000'000, "-1m30s"},
               {3'661'500'000'000, "1h1m1.5s"},
               {INT64_MIN, "-2562047h47m16.854775808s"}};
  for (const auto& row : kRows) EXPECT_EQ(FormatGoDuration(row.nanoseconds), row.text);
}

TEST(GoTimeTest, ValuesKnowThemselves) {
  const Value time = MakeTime(absl::FromUnixNanos(kNanos));
  EXPECT_EQ(ToText(time), "2015-06-23 13:19:44.128 +0000 UTC");
  EXPECT_EQ(TimeOf(time), absl::FromUnixNanos(kNanos));
  EXPECT_EQ(TimeOf(Value(1)), std::nullopt);
  EXPECT_EQ(DurationOf(MakeDuration(5)), 5);
  EXPECT_EQ(Underlying(MakeDuration(5)).AsInt(), 5);
}

}  // namespace
}  // namespace vigil::text_template
