// SPDX-License-Identifier: Apache-2.0
#include "base/guarded_clock.h"

#include <gtest/gtest.h>

namespace vigil {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kDay = 24 * 3600 * kSecond;

class GuardedClockTest : public ::testing::Test {
 protected:
  void Pass(int64_t ns) {
    wall_ += ns;
    steady_ += ns;
  }
  int64_t wall_ = 1000 * kDay;
  int64_t steady_ = 5 * kSecond;
  GuardedClock clock_{[this] { return wall_; }, [this] { return steady_; }};
};

TEST_F(GuardedClockTest, TellsTheWallsTime) {
  EXPECT_EQ(clock_.NowNs(), wall_);
  Pass(kDay);
  EXPECT_EQ(clock_.NowNs(), wall_);
}

TEST_F(GuardedClockTest, SmallStepsAreTaken) {
  for (const int64_t step : {30 * kSecond, -30 * kSecond, 59 * kSecond}) {
    wall_ += step;
    EXPECT_EQ(clock_.NowNs(), wall_);
  }
}

TEST_F(GuardedClockTest, AJumpIsNotBelievedAtOnce) {
  for (const int64_t jump : {365 * kDay, -kDay, -365 * kDay}) {
    const int64_t before = wall_;
    wall_ += jump;
    EXPECT_EQ(clock_.NowNs(), before);
    Pass(60 * kSecond);
    EXPECT_EQ(clock_.NowNs(), before + 60 * kSecond);
    wall_ -= jump;
    EXPECT_EQ(clock_.NowNs(), wall_) << "it was a slip";
  }
}

TEST_F(GuardedClockTest, AJumpThatLastsIsBelieved) {
  wall_ -= kDay;
  EXPECT_EQ(clock_.NowNs(), wall_ + kDay);
  Pass(GuardedClock::kHoldNs - kSecond);
  EXPECT_EQ(clock_.NowNs(), wall_ + kDay);
  Pass(kSecond);
  EXPECT_EQ(clock_.NowNs(), wall_);
  Pass(kSecond);
  EXPECT_EQ(clock_.NowNs(), wall_);
}

TEST_F(GuardedClockTest, EachJumpIsHeldForItself) {
  wall_ += kDay;
  clock_.NowNs();
  Pass(GuardedClock::kHoldNs);
  EXPECT_EQ(clock_.NowNs(), wall_);
  wall_ += kDay;
  EXPECT_EQ(clock_.NowNs(), wall_ - kDay);
}

TEST(GuardedClockMachineTest, AgreesWithTheMachine) {
  const GuardedClock clock;
  const int64_t before = SystemClock().NowNs();
  const int64_t now = clock.NowNs();
  EXPECT_LE(before, now);
  EXPECT_LE(now, SystemClock().NowNs());
}

}  // namespace
}  // namespace vigil
