// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/lane.h"

#include <gtest/gtest.h>

namespace vigil::alerting {
namespace {

TEST(Lane, HasRoomForSoMany) {
  Lane lane;
  for (int64_t i = 0; i < kMaxInFlightPerLane; ++i) {
    EXPECT_TRUE(lane.Admits(0));
    lane.Begin();
  }
  EXPECT_FALSE(lane.Admits(0));
  lane.Delivered();
  EXPECT_TRUE(lane.Admits(0));
}

TEST(Lane, OpensAfterFailuresInARow) {
  Lane lane;
  for (int64_t i = 1; i < kBreakerFailures; ++i) lane.Failed(lane.Begin());
  EXPECT_FALSE(lane.open());
  const int64_t round = lane.Begin();
  lane.Failed(round);
  EXPECT_TRUE(lane.open());
  lane.PauseUntil(100);
  EXPECT_FALSE(lane.Admits(99));
  EXPECT_EQ(lane.RetryAt(99), 100);
  // One tries how it is, the others wait for what comes of it.
  EXPECT_TRUE(lane.Admits(100));
  lane.Begin();
  EXPECT_FALSE(lane.Admits(100));
  EXPECT_EQ(lane.RetryAt(100), 100);
  lane.Delivered();
  EXPECT_FALSE(lane.open());
  EXPECT_TRUE(lane.Admits(0));
}

TEST(Lane, APauseCanBeEnded) {
  Lane lane;
  lane.PauseUntil(100);
  EXPECT_FALSE(lane.Admits(50));
  lane.EndPause();
  EXPECT_TRUE(lane.Admits(50));
}

TEST(Lane, FailuresThatWereUnderWayTogetherCountOnce) {
  Lane lane;
  int64_t rounds[20];
  for (int64_t& round : rounds) round = lane.Begin();
  for (const int64_t round : rounds) lane.Failed(round);
  EXPECT_EQ(lane.failures(), 1);
}

TEST(Lane, AnAnswerOfAnyKindEndsTheRow) {
  Lane lane;
  for (int64_t i = 0; i < kBreakerFailures; ++i) lane.Failed(lane.Begin());
  lane.Begin();
  lane.Refused();
  EXPECT_FALSE(lane.open());
}

TEST(Lane, RemembersWhatItHolds) {
  Lane lane;
  lane.Hold("a");
  lane.Hold("b");
  EXPECT_EQ(lane.TakeHeld(), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(lane.TakeHeld().empty());
}

}  // namespace
}  // namespace vigil::alerting
