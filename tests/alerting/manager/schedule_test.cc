// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Schedule, GivesWhatIsDueInOrder) {
  Schedule schedule;
  EXPECT_EQ(schedule.NextDue(), kNever);
  schedule.Set("b", 20);
  schedule.Set("c", 10);
  schedule.Set("a", 20);
  schedule.Set("d", 30);
  EXPECT_EQ(schedule.NextDue(), 10);
  EXPECT_THAT(schedule.TakeDue(9), IsEmpty());
  EXPECT_THAT(schedule.TakeDue(20), ElementsAre("c", "a", "b"));
  EXPECT_EQ(schedule.NextDue(), 30);
}

TEST(Schedule, AKeyIsDueOnce) {
  Schedule schedule;
  schedule.Set("a", 10);
  schedule.Set("a", 30);
  schedule.Set("a", 20);
  EXPECT_EQ(schedule.NextDue(), 20);
  EXPECT_THAT(schedule.TakeDue(100), ElementsAre("a"));
  schedule.Set("a", 10);
  schedule.Remove("a");
  schedule.Remove("a");
  EXPECT_EQ(schedule.NextDue(), kNever);
}

}  // namespace
}  // namespace vigil::alerting
