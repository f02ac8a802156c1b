// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/group.h"

#include <vector>

#include <gtest/gtest.h>

namespace vigil::alerting {
namespace {

Group MakeGroup(const Route& route, int64_t tick_ms, bool flushed) {
  Group group;
  group.id = "g";
  group.route = &route;
  group.tick_ms = tick_ms;
  group.next_flush_ms = tick_ms;
  group.flushed = flushed;
  return group;
}

TEST(Group, TicksAreAnIntervalApart) {
  Route route;
  route.group_interval_ms = 100;
  Group group = MakeGroup(route, 1030, false);
  AdvanceTick(&group, 1030);
  EXPECT_TRUE(group.flushed);
  EXPECT_EQ(group.next_flush_ms, 1130);
  AdvanceTick(&group, 1130);
  EXPECT_EQ(group.next_flush_ms, 1230);
}

TEST(Group, AMissedTickIsMadeUpForOnceAndKeepsThePhase) {
  Route route;
  route.group_interval_ms = 100;
  Group group = MakeGroup(route, 1030, true);
  AdvanceTick(&group, 1777);
  EXPECT_EQ(group.next_flush_ms, 1830);
}

TEST(Group, AMissedFirstFlushStartsThePhase) {
  Route route;
  route.group_interval_ms = 100;
  Group group = MakeGroup(route, 1030, false);
  AdvanceTick(&group, 1777);
  EXPECT_EQ(group.next_flush_ms, 1877);
}

// As a real Alertmanager lists them.
TEST(Group, AlertsAreToldByJobAndInstanceThenByLabels) {
  const std::vector<storage::Labels> told = {
      {{"n", "X"}, {"instance", "1"}, {"job", "a"}, {"z", "7"}},
      {{"n", "X"}, {"instance", "2"}, {"job", "a"}},
      {{"n", "X"}, {"job", "a"}, {"z", "9"}},
      {{"n", "X"}, {"job", "b"}, {"z", "0"}},
      {{"n", "X"}},
      {{"n", "X"}, {"z", "1"}},
      {{"n", "X"}, {"z", "10"}},
      {{"n", "X"}, {"z", "2"}},
      {{"n", "X"}, {"y", "1"}},
      {{"n", "X"}, {"a", "1"}},
      {{"n", "X"}, {"a", "1"}, {"b", "2"}},
  };
  for (size_t i = 0; i < told.size(); ++i) {
    for (size_t k = 0; k < told.size(); ++k) {
      EXPECT_EQ(IsToldBefore(told[i], told[k]), i < k)
          << told[i].ToString() << " and " << told[k].ToString();
    }
  }
}

TEST(GroupTable, FindsGroupsAndTheirTimers) {
  const Route route;
  GroupTable table;
  Group* const group = table.Add(MakeGroup(route, 10, false));
  EXPECT_EQ(table.Find("g"), group);
  EXPECT_EQ(table.NextDue(), 10);
  group->next_flush_ms = 20;
  table.Reschedule(*group);
  EXPECT_EQ(table.TakeNextDue(19), nullptr);
  EXPECT_EQ(table.TakeNextDue(20), group);
  EXPECT_EQ(table.TakeNextDue(20), nullptr);
  table.Reschedule(*group);
  table.Remove("g");
  EXPECT_EQ(table.Find("g"), nullptr);
  EXPECT_EQ(table.NextDue(), kNever);
}

TEST(GroupHash, IsStable) { EXPECT_EQ(GroupHash("{}:{}"), GroupHash("{}:{}")); }

}  // namespace
}  // namespace vigil::alerting
