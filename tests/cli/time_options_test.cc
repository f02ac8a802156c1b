// SPDX-License-Identifier: Apache-2.0
#include "cli/time_options.h"

#include <optional>
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

absl::StatusOr<OpenTimeRange> ResolveOpen(std::string from, std::string to) {
  OpenTimeOptions options;
  options.from = std::move(from);
  options.to = std::move(to);
  return options.Resolve(kNowMs);
}

TEST(OpenTimeOptionsTest, WhatIsNotNamedIsOpen) {
  ASSERT_OK_AND_ASSIGN(const OpenTimeRange all, ResolveOpen("", ""));
  EXPECT_EQ(all.start_ms, std::nullopt);
  EXPECT_EQ(all.end_ms, std::nullopt);
  ASSERT_OK_AND_ASSIGN(const OpenTimeRange since, ResolveOpen("-1h", ""));
  EXPECT_EQ(since.start_ms, kNowMs - kMillisPerHour);
  EXPECT_EQ(since.end_ms, std::nullopt);
  ASSERT_OK_AND_ASSIGN(const OpenTimeRange until, ResolveOpen("", "1767323040"));
  EXPECT_EQ(until.start_ms, std::nullopt);
  EXPECT_EQ(until.end_ms, 1'767'323'040'000);
  ASSERT_OK_AND_ASSIGN(const OpenTimeRange instant, ResolveOpen("now", "now"));
  EXPECT_EQ(instant.start_ms, kNowMs);
  EXPECT_EQ(instant.end_ms, kNowMs);
}

TEST(OpenTimeOptionsTest, MistakesNameTheirOption) {
  EXPECT_THAT(ResolveOpen("noon", ""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--from: \"noon\"")));
  EXPECT_THAT(ResolveOpen("", "noon"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--to: \"noon\"")));
  EXPECT_THAT(ResolveOpen("-1h", "-2h"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("before its start")));
}

TEST(OpenTimeOptionsTest, OptionsOfACommandLine) {
  CLI::App app;
  OpenTimeOptions options;
  options.AddTo(&app);
  app.parse("--from -2h --to=-1h");
  EXPECT_EQ(options.from, "-2h");
  EXPECT_EQ(options.to, "-1h");
}

}  // namespace
}  // namespace vigil::cli
