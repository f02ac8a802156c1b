// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/route.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alerting/manager/config.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using storage::Labels;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

constexpr char kTree[] = R"(
receivers: [{name: root}, {name: a}, {name: aa}, {name: b}, {name: c}, {name: d}]
route:
  receiver: root
  routes:
  - receiver: a
    matchers: [team="a"]
    routes:
    - {receiver: aa, matchers: [severity="page"]}
    - {receiver: a, matchers: [severity="none"], continue: true}
  - {receiver: b, matchers: ['team=~"a|b"'], continue: true}
  - {receiver: c, matchers: ['team=~"b|c"']}
  - {receiver: d, matchers: ['team!=""']}
  - {receiver: d, matchers: [owner=""], match_re: {host: "x.*"}}
)";

struct Case {
  Labels labels;
  std::vector<std::string> receivers;
};

class Routing : public ::testing::TestWithParam<Case> {};

TEST_P(Routing, FindsTheReceivers) {
  ASSERT_OK_AND_ASSIGN(const ManagerConfig config, ParseManagerConfig("tree", kTree));
  std::vector<std::string> receivers;
  for (const Route* route : MatchRoutes(config.route, GetParam().labels)) {
    receivers.push_back(route->receiver);
  }
  EXPECT_THAT(receivers, ElementsAreArray(GetParam().receivers)) << GetParam().labels.ToString();
}

INSTANTIATE_TEST_SUITE_P(
    Table, Routing,
    ::testing::Values(Case{{{"alertname", "X"}}, {"root"}},
                      // The first child that takes it stops the scan, ...
                      Case{{{"team", "a"}}, {"a"}},
                      Case{{{"team", "a"}, {"severity", "page"}}, {"aa"}},
                      Case{{{"team", "a"}, {"severity", "none"}}, {"a"}},
                      Case{{{"team", "a"}, {"severity", "info"}}, {"a"}},
                      // ... unless it says `continue`.
                      Case{{{"team", "b"}}, {"b", "c"}}, Case{{{"team", "c"}}, {"c"}},
                      Case{{{"team", "z"}}, {"d"}},
                      // A missing label is empty; expressions are anchored.
                      Case{{{"host", "x1"}}, {"d"}}, Case{{{"host", "ax1"}}, {"root"}},
                      Case{{{"host", "x1"}, {"owner", "me"}}, {"root"}}, Case{{}, {"root"}}));

TEST(Route, EqualSiblingsHaveIdsOfTheirOwn) {
  ASSERT_OK_AND_ASSIGN(const ManagerConfig config, ParseManagerConfig("f", R"(
receivers: [{name: a}]
route: {receiver: a, routes: [{matchers: [x=y], continue: true}, {matchers: [x=y]}]}
)"));
  const auto routes = MatchRoutes(config.route, {{"x", "y"}});
  ASSERT_EQ(routes.size(), 2u);
  EXPECT_EQ(routes[0]->key, routes[1]->key);
  EXPECT_EQ(routes[0]->id, R"({}/{x="y"})");
  EXPECT_EQ(routes[1]->id, R"({}/{x="y"}#2)");
}

TEST(Route, AnAlertFlapsByTheFirstRouteThatWatchesIt) {
  ASSERT_OK_AND_ASSIGN(const ManagerConfig config, ParseManagerConfig("f", R"(
receivers: [{name: a}]
route:
  receiver: a
  routes:
  - {matchers: [x=y], continue: true}
  - {matchers: [x=y], continue: true, flap_detection: {changes: 3, within: 1h, calm: 1m}}
  - {matchers: [x=y], flap_detection: {changes: 4, within: 1h, calm: 1m}}
)"));
  EXPECT_EQ(FlapOptionsFor(config.route, {{"x", "y"}}).changes, 3);
  EXPECT_FALSE(FlapOptionsFor(config.route, {{"x", "z"}}).enabled());
  EXPECT_TRUE(WatchesFlaps(config.route));
  EXPECT_FALSE(WatchesFlaps(config.route.routes[0]));
}

TEST(Route, GroupLabelsAndNames) {
  Route route;
  route.group_by = {"cluster", "alertname", "absent"};
  const Labels labels = {{"alertname", "A\n\"x\""}, {"cluster", "c"}, {"host", "h"}};
  const Labels group = GroupLabels(route, labels);
  EXPECT_EQ(group, (Labels{{"alertname", "A\n\"x\""}, {"cluster", "c"}}));
  EXPECT_EQ(GroupName(route.key, group), R"({}:{alertname="A\n\"x\"", cluster="c"})");
  EXPECT_EQ(GroupName(route.key, {}), "{}:{}");
  route.group_by_all = true;
  EXPECT_EQ(GroupLabels(route, labels), labels);
}

}  // namespace
}  // namespace vigil::alerting
