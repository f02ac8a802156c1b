// SPDX-License-Identifier: Apache-2.0
#include "cli/watch.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::StatusIs;

TEST(WatchTest, IntervalsAreDurationsOrSeconds) {
  EXPECT_EQ(*ParseWatchInterval("5s"), 5000);
  EXPECT_EQ(*ParseWatchInterval("1m"), 60'000);
  EXPECT_EQ(*ParseWatchInterval("5"), 5000);
  EXPECT_EQ(*ParseWatchInterval("0.5"), 500);
  EXPECT_THAT(ParseWatchInterval("50ms"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("too often")));
  EXPECT_THAT(ParseWatchInterval("0"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseWatchInterval("-1"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseWatchInterval("nan"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseWatchInterval("soon"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a duration")));
}

TEST(WatchTest, AFlagAloneHasTheUsualInterval) {
  EXPECT_THAT(WithWatchIntervals({"query", "--watch", "up"}),
              ElementsAre("query", "--watch", "2s", "up"));
  EXPECT_THAT(WithWatchIntervals({"query", "-w", "5s", "up"}),
              ElementsAre("query", "-w", "5s", "up"));
  EXPECT_THAT(WithWatchIntervals({"alerts", "--watch"}), ElementsAre("alerts", "--watch", "2s"));
  EXPECT_THAT(WithWatchIntervals({"alerts", "--watch", "-o", "csv"}),
              ElementsAre("alerts", "--watch", "2s", "-o", "csv"));
  EXPECT_THAT(WithWatchIntervals({"alerts", "--watch=3s"}), ElementsAre("alerts", "--watch=3s"));
  EXPECT_THAT(WithWatchIntervals({"query", "--", "--watch"}),
              ElementsAre("query", "--", "--watch"));
  EXPECT_THAT(WithWatchIntervals({}), ElementsAre());
}

TEST(ScreenTest, FramesAreDrawnOverEachOther) {
  Terminal terminal;
  terminal.width = 80;
  terminal.height = 10;
  Screen screen;
  const std::string first = screen.Redraw("a\nb\n", terminal);
  EXPECT_THAT(first, HasSubstr("a\x1b[K\nb\x1b[K\n"));
  EXPECT_THAT(first, Not(HasSubstr("F"))) << "nothing stands there yet";
  const std::string second = screen.Redraw("c\n", terminal);
  EXPECT_THAT(second, HasSubstr("\x1b[2Fc\x1b[K\n\x1b[J"));
  EXPECT_THAT(screen.Redraw("d\n", terminal), HasSubstr("\x1b[1Fd"));
}

TEST(ScreenTest, WhatDoesNotFitIsCounted) {
  Terminal terminal;
  terminal.width = 80;
  terminal.height = 4;
  Screen screen;
  const std::string frame = screen.Redraw("a\nb\nc\nd\ne\n", terminal);
  EXPECT_THAT(frame, HasSubstr("a\x1b[K\nb\x1b[K\n(3 more lines)\x1b[K\n"));
  EXPECT_THAT(screen.Redraw("a\nb\nc\n", terminal), HasSubstr("c\x1b[K\n"));
}

TEST(ScreenTest, AWindowOfAnotherSizeIsClearedFirst) {
  Terminal terminal;
  terminal.width = 80;
  terminal.height = 10;
  Screen screen;
  screen.Redraw("a\n", terminal);
  terminal.width = 60;
  EXPECT_THAT(screen.Redraw("b\n", terminal), HasSubstr("\x1b[H\x1b[2Jb"));
}

TEST(WatchTest, WithoutAnIntervalACommandRunsOnce) {
  int runs = 0;
  const int status = RunOrWatch({}, "title", [&runs](const Terminal&) {
    ++runs;
    return Reply{7, "", ""};
  });
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(status, 7);
}

TEST(WatchTest, AFirstRunThatFailsEndsTheWatch) {
  WatchOptions options;
  options.interval_ms = 100;
  EXPECT_EQ(RunOrWatch(options, "title", [](const Terminal&) { return Reply{3, "", ""}; }), 3);
}

}  // namespace
}  // namespace vigil::cli
