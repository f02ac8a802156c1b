// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::alerting {
namespace {

using ::testing::ElementsAre;

constexpr BudgetOptions kOptions{.limit = 2, .per_ms = 100};

TEST(Budget, IsSpentByTheLastNotificationAndFreedToTheMillisecond) {
  Budget budget;
  EXPECT_TRUE(budget.HasRoom(kOptions, 1000));
  budget.Spend(kOptions, 1000);
  EXPECT_TRUE(budget.HasRoom(kOptions, 1010));
  budget.Spend(kOptions, 1010);
  EXPECT_FALSE(budget.HasRoom(kOptions, 1010));
  EXPECT_EQ(budget.FreeAt(kOptions, 1010), 1100);
  EXPECT_FALSE(budget.HasRoom(kOptions, 1099));
  EXPECT_TRUE(budget.HasRoom(kOptions, 1100));
  budget.Spend(kOptions, 1100);
  EXPECT_THAT(budget.spent(), ElementsAre(1010, 1100));
  EXPECT_EQ(budget.FreeAt(kOptions, 1100), 1110);
}

TEST(Budget, ASmallerLimitWaitsForMoreToAge) {
  Budget budget;
  budget.Spend(kOptions, 1000);
  budget.Spend(kOptions, 1010);
  EXPECT_EQ(budget.FreeAt({1, 100}, 1020), 1110);
  EXPECT_EQ(budget.FreeAt({3, 100}, 1020), 1020);
}

TEST(Budget, AClockThatIsSetBackDoesNotKeepItSpent) {
  Budget budget;
  budget.Spend(kOptions, 1'000'000);
  budget.Spend(kOptions, 1'000'000);
  EXPECT_EQ(budget.FreeAt(kOptions, 1000), 1100);
  EXPECT_TRUE(budget.Forget(kOptions, 1000));
  EXPECT_TRUE(budget.HasRoom(kOptions, 1000));
}

TEST(Budget, HoldsGroupsFromTheFirstTimeOn) {
  Budget budget;
  EXPECT_TRUE(budget.Hold("b", 5));
  EXPECT_FALSE(budget.Hold("b", 7));
  EXPECT_TRUE(budget.Holds("b"));
  EXPECT_FALSE(budget.Holds("a"));
  EXPECT_THAT(budget.held(), ElementsAre(std::pair("b", 5)));
  EXPECT_TRUE(budget.LetGo("b"));
  EXPECT_FALSE(budget.LetGo("b"));
  EXPECT_TRUE(budget.empty());
}

TEST(Budget, CountsWhatPassed) {
  Budget budget;
  budget.Passed("r", 1);
  budget.Passed("r", 2);
  EXPECT_EQ(budget.PassedFor("r"), 3);
  EXPECT_EQ(budget.PassedFor("s"), 0);
  EXPECT_FALSE(budget.empty());
  budget.TakePassed("r");
  EXPECT_EQ(budget.PassedFor("r"), 0);
  EXPECT_TRUE(budget.empty());
}

TEST(Budget, ComesBack) {
  const Budget budget = Budget::Restore({7, 3}, {{"g", 1}}, {{"r", 2}});
  EXPECT_THAT(budget.spent(), ElementsAre(3, 7));
  EXPECT_TRUE(budget.Holds("g"));
  EXPECT_EQ(budget.PassedFor("r"), 2);
  EXPECT_EQ(budget.due_ms, kNever);
}

}  // namespace
}  // namespace vigil::alerting
