// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/flap_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr FlapOptions kOptions{.changes = 3, .within_ms = 100, .calm_ms = 20};
constexpr int64_t kForever = 1'000'000;

TEST(FlapWatch, TheLastFireExactlyAtTheEndOfTheWindowCounts) {
  FlapWatch watch;
  EXPECT_FALSE(watch.Fired(1, kOptions, 0, 1000).flapping);
  EXPECT_FALSE(watch.Fired(1, kOptions, 1010, 1050).flapping);
  EXPECT_TRUE(watch.Fired(1, kOptions, 1060, 1100).flapping);
  EXPECT_EQ(watch.Find(1)->Text(), "fired 3 times within 100ms");
}

TEST(FlapWatch, OneLaterDoesNot) {
  FlapWatch watch;
  watch.Fired(1, kOptions, 0, 1000);
  watch.Fired(1, kOptions, 1010, 1050);
  EXPECT_FALSE(watch.Fired(1, kOptions, 1060, 1101).flapping);
  EXPECT_TRUE(watch.Fired(1, kOptions, 1110, 1150).flapping);
  EXPECT_THAT(watch.Find(1)->fires, ElementsAre(1050, 1101, 1150));
}

TEST(FlapWatch, AlertsDoNotShareTheirFires) {
  FlapWatch watch;
  for (int64_t t = 1000; t < 1003; ++t) watch.Fired(1, kOptions, 0, t);
  EXPECT_FALSE(watch.Fired(2, kOptions, 0, 1003).flapping);
  EXPECT_TRUE(watch.Find(1)->flapping);
  EXPECT_EQ(watch.Find(3), nullptr);
}

TEST(FlapEntry, IsCalmOnceItKeptOneState) {
  const FlapEntry entry{{0, 1, 2}, true, 100, 20};
  // It fires on.
  EXPECT_TRUE(entry.FlapsAt(kForever, 21));
  EXPECT_FALSE(entry.FlapsAt(kForever, 22));
  // It ended at 10.
  EXPECT_TRUE(entry.FlapsAt(10, 29));
  EXPECT_FALSE(entry.FlapsAt(10, 30));
  // It had been calm when it ended.
  EXPECT_FALSE(entry.FlapsAt(22, 22));
  EXPECT_TRUE(entry.FlapsAt(21, 22));
  // Said to have ended before it was heard of.
  EXPECT_TRUE(entry.FlapsAt(-50, 21));
  EXPECT_FALSE(entry.FlapsAt(-50, 22));
}

TEST(FlapEntry, OneThatDoesNotFlapNeverDoes) {
  EXPECT_FALSE((FlapEntry{{0, 1, 2}, false, 100, 20}.FlapsAt(kForever, 3)));
}

TEST(FlapWatch, FlapsOnUntilItIsCalmHoweverOldTheFires) {
  FlapWatch watch;
  for (int64_t t = 1000; t < 1003; ++t) watch.Fired(1, kOptions, t, t);
  EXPECT_TRUE(watch.Fired(1, {3, 10, 20}, 1015, 1034).flapping);  // Ended 19 before.
  EXPECT_FALSE(watch.Fired(1, {3, 10, 20}, 1034, 1054).flapping);
}

TEST(FlapWatch, FewerChangesKeepFewerFires) {
  FlapWatch watch;
  for (int64_t t = 1000; t < 1003; ++t) watch.Fired(1, kOptions, t, t);
  EXPECT_THAT(watch.Fired(1, {2, 10, 20}, 1003, 1003).fires, ElementsAre(1002, 1003));
}

TEST(FlapWatch, ForgetsWhatNoLongerCounts) {
  FlapWatch watch;
  watch.Fired(1, kOptions, 0, 1000);
  watch.Fired(2, {2, 10, 30}, 0, 1070);
  EXPECT_THAT(watch.Collect(1119), IsEmpty());
  EXPECT_THAT(watch.Collect(1120), ElementsAre(1));
  EXPECT_EQ(watch.Find(1), nullptr);
  EXPECT_THAT(watch.Collect(1129), IsEmpty());
  EXPECT_THAT(watch.Collect(1130), ElementsAre(2));
}

}  // namespace
}  // namespace vigil::alerting
