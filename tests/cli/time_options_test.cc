// SPDX-License-Identifier: Apache-2.0
#include "cli/time_options.h"

#include <string>
#include <vector>

#include <CLI/Error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "tests/testing/status_matchers.h"

namespace vigil::cli {
namespace {

using ::testing::HasSubstr;
using testing::StatusIs;

constexpr int64_t kNowMs = 1'767'323'045'000;  // 2026-01-02T03:04:05Z

absl::StatusOr<TimeRange> Resolve(std::string start, std::string end, std::string last) {
  TimeOptions options;
  options.start = std::move(start);
  options.end = std::move(end);
  options.last = std::move(last);
  return options.Resolve(kNowMs, kMillisPerHour);
}

TEST(TimeOptionsTest, WhatIsNotNamedIsTheTimeUntilNow) {
  EXPECT_EQ(*Resolve("", "", ""), (TimeRange{kNowMs - kMillisPerHour, kNowMs}));
  EXPECT_EQ(*Resolve("", "", "5m"), (TimeRange{kNowMs - 5 * kMillisPerMinute, kNowMs}));
  EXPECT_EQ(*Resolve("-2h", "", ""), (TimeRange{kNowMs - 2 * kMillisPerHour, kNowMs}));
  EXPECT_EQ(*Resolve("", "-1h", ""),
            (TimeRange{kNowMs - 2 * kMillisPerHour, kNowMs - kMillisPerHour}));
  EXPECT_EQ(*Resolve("", "-1h", "5m"),
            (TimeRange{kNowMs - kMillisPerHour - 5 * kMillisPerMinute, kNowMs - kMillisPerHour}));
  EXPECT_EQ(*Resolve("2026-01-02T03:00:00Z", "1767323040", ""),
            (TimeRange{1'767'322'800'000, 1'767'323'040'000}));
  EXPECT_EQ(*Resolve("now", "now", ""), (TimeRange{kNowMs, kNowMs}));
}

TEST(TimeOptionsTest, MistakesNameTheirOption) {
  EXPECT_THAT(Resolve("noon", "", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--start: \"noon\"")));
  EXPECT_THAT(Resolve("", "noon", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--end: \"noon\"")));
  EXPECT_THAT(Resolve("", "", "-1h"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--last: \"-1h\"")));
  EXPECT_THAT(Resolve("-1h", "-2h", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("before its start")));
}

// What a command line sets.
absl::StatusOr<TimeOptions> Parse(std::vector<std::string> arguments) {
  CLI::App app;
  TimeOptions options;
  options.AddTo(&app);
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  return options;
}

TEST(TimeOptionsTest, OptionsOfACommandLine) {
  ASSERT_OK_AND_ASSIGN(const TimeOptions none, Parse({}));
  EXPECT_FALSE(none.given());
  ASSERT_OK_AND_ASSIGN(const TimeOptions range, Parse({"--start=-1h", "--end", "now"}));
  EXPECT_TRUE(range.given());
  EXPECT_EQ(range.start, "-1h");
  EXPECT_EQ(range.end, "now");
  ASSERT_OK_AND_ASSIGN(const TimeOptions last, Parse({"--last", "5m"}));
  EXPECT_EQ(last.last, "5m");
  // As people write it.
  ASSERT_OK_AND_ASSIGN(const TimeOptions apart, Parse({"--start", "-1h"}));
  EXPECT_EQ(apart.start, "-1h");
  EXPECT_THAT(Parse({"--last", "5m", "--start=-1h"}), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vigil::cli
