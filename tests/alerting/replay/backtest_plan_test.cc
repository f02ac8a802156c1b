// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/backtest_plan.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/duration.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

Rule Recording(std::string record, std::string expr,
               std::vector<std::pair<std::string, std::string>> labels = {}) {
  Rule rule;
  rule.record = std::move(record);
  rule.expr = std::move(expr);
  rule.labels = std::move(labels);
  return rule;
}

Rule Alert(std::string alert, std::string expr,
           std::vector<std::pair<std::string, std::string>> labels = {}) {
  Rule rule;
  rule.alert = std::move(alert);
  rule.expr = std::move(expr);
  rule.labels = std::move(labels);
  return rule;
}

RuleGroup Group(std::string name, std::vector<Rule> rules, int64_t offset_ms = 0) {
  RuleGroup group;
  group.file = "f.yml";
  group.name = std::move(name);
  group.query_offset_ms = offset_ms;
  group.rules = std::move(rules);
  return group;
}

BacktestPlan Plan(const std::vector<RuleGroup>& groups) {
  return MakeBacktestPlan(groups, {}, exec::EngineOptions()).value();
}

// The names of the rules of each stage, those that read themselves with a star.
std::string Stages(const std::vector<RuleGroup>& groups) {
  const BacktestPlan plan = Plan(groups);
  std::string text;
  for (const BacktestStage& stage : plan.stages) {
    if (!text.empty()) text += " | ";
    for (size_t i = 0; i < stage.rules.size(); ++i) {
      text += (i == 0 ? "" : " ") + plan.rules[stage.rules[i]].rule().name();
    }
    if (stage.reads_itself) text += "*";
  }
  return text;
}

TEST(BacktestPlanTest, WritersComeBeforeReaders) {
  EXPECT_EQ(
      Stages({Group("g", {Recording("a", "x"), Recording("b", "a"), Alert("C", "a + b > 1")})}),
      "a | b | C");
  // In another group with the same slots or others: what is written later is seen later.
  EXPECT_EQ(Stages({Group("g", {Recording("a", "x")}), Group("h", {Recording("b", "a")})}),
            "a | b");
}

TEST(BacktestPlanTest, WhoReadsALaterRuleGoesWithIt) {
  EXPECT_EQ(Stages({Group("g", {Recording("b", "a"), Recording("a", "x")})}), "b a*");
  EXPECT_EQ(Stages({Group("g", {Recording("a", "a offset 1m + x")})}), "a*");
  EXPECT_EQ(Stages({Group("g", {Recording("a", "x"), Recording("b", "a offset -1m")})}), "a b*");
  EXPECT_EQ(Stages({Group("g", {Recording("a", "x"), Recording("b", "a @ 100")})}), "a b*");
  // Its samples are older than they will be when they are there.
  EXPECT_EQ(Stages({Group("g", {Recording("a", "x")}, 60'000), Group("h", {Recording("b", "a")})}),
            "a b*");
  EXPECT_EQ(Stages({Group("g", {Recording("a", "x")}), Group("h", {Recording("b", "a")}, 60'000)}),
            "a | b");
}

TEST(BacktestPlanTest, WhoWritesTheSameSeriesGoTogether) {
  EXPECT_EQ(Stages({Group("g", {Recording("a", "x"), Recording("a", "y")})}), "a a");
  EXPECT_EQ(Stages({Group("g", {Recording("a", "x", {{"kind", "one"}}),
                                Recording("a", "y", {{"kind", "two"}})})}),
            "a | a");
  // Nobody reads what these write.
  EXPECT_EQ(Stages({Group("g", {Alert("A", "x"), Alert("A", "y")})}), "A | A");
  EXPECT_EQ(Stages({Group("g", {Alert("A", "x"), Alert("A", "y"), Recording("r", "ALERTS")})}),
            "A A | r");
}

TEST(BacktestPlanTest, AlertsAreReadByTheirLabels) {
  const Rule reader = Recording("r", "ALERTS{alertname=\"A\", severity=\"page\"}");
  EXPECT_EQ(Stages({Group("g", {reader, Alert("A", "x", {{"severity", "page"}})})}), "r A*");
  EXPECT_EQ(Stages({Group("g", {reader, Alert("A", "x", {{"severity", "info"}})})}), "A | r");
  EXPECT_EQ(Stages({Group("g", {reader, Alert("A", "x", {{"severity", "{{ $value }}"}})})}),
            "r A*");
  EXPECT_TRUE(Plan({Group("g", {reader, Alert("A", "x")})}).reads_alerts);
  EXPECT_FALSE(Plan({Group("g", {reader, Alert("B", "x")})}).reads_alerts);
}

TEST(BacktestPlanTest, TemplatesThatQueryReadAnything) {
  Rule asks = Alert("A", "x");
  asks.annotations = {{"summary", "{{ with query \"b\" }}{{ . | first | value }}{{ end }}"}};
  EXPECT_EQ(Stages({Group("g", {Recording("b", "y"), asks})}), "b | A*");
  asks.annotations = {{"summary", "a slow query of {{ $labels.job }}"}};
  EXPECT_EQ(Stages({Group("g", {Recording("b", "y"), asks})}), "A | b");
}

TEST(BacktestPlanTest, WarmUpCoversForAndReach) {
  Rule alert = Alert("A", "avg_over_time(b[30m]) > 1");
  EXPECT_EQ(Plan({Group("g", {Alert("A", "avg_over_time(x[30m])")})}).warm_up_ms, 60'000);
  alert.for_ms = 10 * kMillisPerMinute;
  alert.keep_firing_for_ms = 5 * kMillisPerMinute;
  const std::vector<RuleGroup> groups = {
      Group("g", {Recording("a", "x"), Recording("b", "a offset 1h"), alert})};
  EXPECT_EQ(FormatDurationMs(Plan(groups).warm_up_ms), "1h56m");
  EXPECT_EQ(FormatDurationMs(Plan(groups).reach_ms), "1h5m");
  // A month of a recorded series is not evaluated anew.
  const Rule monthly = Alert("M", "avg_over_time(a[30d])");
  EXPECT_EQ(Plan({Group("g", {Recording("a", "x"), monthly})}).warm_up_ms,
            kMaxWarmUpReachMs + 60'000);
}

TEST(BacktestPlanTest, RefusesWhatDoesNotParse) {
  EXPECT_THAT(MakeBacktestPlan({Group("g", {Alert("A", "sum(")})}, {}, exec::EngineOptions()),
              ::vigil::testing::StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vigil::alerting
