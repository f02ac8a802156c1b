// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <gtest/gtest.h>

namespace vigil {
namespace {

TEST(ClockTest, AManualClockStandsStillUntilTold) {
  ManualClock clock(1000);
  EXPECT_EQ(clock.NowMs(), 1000);
  EXPECT_EQ(clock.NowNs(), 1000 * kNanosPerMilli);
  clock.AdvanceMs(500);
  EXPECT_EQ(clock.NowMs(), 1500);
  clock.AdvanceMs(-1501);
  EXPECT_EQ(clock.NowMs(), -1);
  clock.SetMs(7);
  EXPECT_EQ(clock.NowMs(), 7);
  EXPECT_EQ(ManualClock().NowMs(), 0);
}

TEST(ClockTest, TheMachinesClocksRun) {
  // Between 2020 and 2200, in nanoseconds.
  EXPECT_GT(SystemClock().NowMs(), 1'577'836'800'000);
  EXPECT_LT(SystemClock().NowMs(), 7'258'118'400'000);
  int64_t last_ns = MonotonicNs();
  for (int i = 0; i < 1000; ++i) {
    const int64_t now_ns = MonotonicNs();
    EXPECT_GE(now_ns, last_ns);
    last_ns = now_ns;
  }
}

}  // namespace
}  // namespace vigil
