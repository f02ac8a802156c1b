// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/route_explain.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "alerting/manager/config.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

constexpr char kConfig[] = R"(
route:
  receiver: root
  routes:
  - matchers: [severity=page]
    receiver: pager
    continue: true
    routes:
    - {matchers: [team=x], receiver: x}
    - {matchers: ['team=~"x|y"'], receiver: xy}
  - {matchers: [team=y, severity!=info], receiver: y}
  - {receiver: rest}
receivers: [{name: root}, {name: pager}, {name: x}, {name: xy}, {name: y}, {name: rest}]
)";

std::string Text(const std::vector<RouteStep>& steps) {
  std::string text;
  for (const RouteStep& step : steps) {
    text += fmt::format("{:>{}}{} {}: {} ({})\n", "", 2 * step.depth,
                        MatchersText(step.route->matchers), step.route->receiver,
                        RouteOutcomeName(step.outcome), step.why);
  }
  return text;
}

class RouteExplainTest : public ::testing::Test {
 protected:
  RouteExplainTest() {
    absl::StatusOr<ManagerConfig> config = ParseManagerConfig("t", kConfig);
    EXPECT_OK(config);
    config_ = *std::move(config);
  }
  ManagerConfig config_;
};

TEST_F(RouteExplainTest, SaysWhyAnAlertGoesWhereItGoes) {
  EXPECT_EQ(Text(ExplainRoutes(config_.route, {{"severity", "page"}, {"team", "x"}})),
            "{} root: passed on ()\n"
            "  {severity=\"page\"} pager: passed on ()\n"
            "    {team=\"x\"} x: taken ()\n"
            "    {team=~\"x|y\"} xy: not asked ({team=\"x\"} took it and does not continue)\n"
            "  {severity!=\"info\",team=\"y\"} y: no match (team=\"y\": team is \"x\")\n"
            "  {} rest: taken ()\n");
  EXPECT_EQ(Text(ExplainRoutes(config_.route, {{"severity", "page"}})),
            "{} root: passed on ()\n"
            "  {severity=\"page\"} pager: taken (no route below it matches)\n"
            "    {team=\"x\"} x: no match (team=\"x\": there is no team)\n"
            "    {team=~\"x|y\"} xy: no match (team=~\"x|y\": there is no team)\n"
            "  {severity!=\"info\",team=\"y\"} y: no match (team=\"y\": there is no team)\n"
            "  {} rest: taken ()\n");
}

TEST_F(RouteExplainTest, WhatIsTakenIsWhatMatchRoutesFinds) {
  for (const char* const severity : {"page", "info", ""}) {
    for (const char* const team : {"x", "y", "z", ""}) {
      const storage::Labels labels = {{"severity", severity}, {"team", team}};
      std::vector<const Route*> taken;
      for (const RouteStep& step : ExplainRoutes(config_.route, labels)) {
        if (step.outcome == RouteOutcome::kTaken) taken.push_back(step.route);
      }
      EXPECT_EQ(taken, MatchRoutes(config_.route, labels)) << labels.ToString();
    }
  }
}

TEST_F(RouteExplainTest, ListsTheTree) {
  std::vector<std::string> receivers;
  for (const RouteStep& step : ListRoutes(config_.route)) {
    receivers.push_back(fmt::format("{}{}", step.depth, step.route->receiver));
  }
  EXPECT_EQ(receivers, (std::vector<std::string>{"0root", "1pager", "2x", "2xy", "1y", "1rest"}));
}

}  // namespace
}  // namespace vigil::alerting
