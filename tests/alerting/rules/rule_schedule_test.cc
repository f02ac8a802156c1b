// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_schedule.h"

#include <gtest/gtest.h>

namespace vigil::alerting {
namespace {

TEST(RuleScheduleTest, SlotsSurroundEveryInstant) {
  constexpr int64_t kIntervalMs = 60'000;
  const RuleSchedule schedule("rules.yml;g", kIntervalMs);
  for (int64_t time_ms = -200'000; time_ms < 200'000; time_ms += 777) {
    const int64_t before = schedule.SlotAtOrBefore(time_ms);
    const int64_t after = schedule.SlotAtOrAfter(time_ms);
    EXPECT_LE(before, time_ms);
    EXPECT_GT(before + kIntervalMs, time_ms);
    EXPECT_GE(after, time_ms);
    EXPECT_LT(after - kIntervalMs, time_ms);
    EXPECT_EQ(schedule.SlotAtOrAfter(before), before);
    EXPECT_EQ(schedule.SlotAtOrBefore(after), after);
  }
}

// FNV-1a of "a" is 0xaf63dc4c8601ec8c: the phase is part of the contract, since it must survive
// restarts and new versions.
TEST(RuleScheduleTest, ThePhaseComesFromTheName) {
  EXPECT_EQ(RuleSchedule("a", 60'000).SlotAtOrAfter(0),
            static_cast<int64_t>(0xaf63dc4c8601ec8cu % 60'000));
  EXPECT_NE(RuleSchedule("f;a", 60'000).SlotAtOrAfter(0),
            RuleSchedule("f;b", 60'000).SlotAtOrAfter(0));
}

TEST(RuleScheduleTest, APhaseMayBeGiven) {
  const RuleSchedule schedule = RuleSchedule::AtPhase(1'234'567, 60'000);
  EXPECT_EQ(schedule.SlotAtOrAfter(1'234'567), 1'234'567);
  EXPECT_EQ(schedule.SlotAtOrAfter(1'234'568), 1'294'567);
  EXPECT_EQ(RuleSchedule::AtPhase(-1, 60'000).SlotAtOrAfter(0), 59'999);
}

}  // namespace
}  // namespace vigil::alerting
