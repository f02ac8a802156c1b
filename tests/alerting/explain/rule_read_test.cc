// SPDX-License-Identifier: Apache-2.0
#include "alerting/explain/rule_read.h"

#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alerting/explain/wording.h"
#include "alerting/replay/memory_metrics.h"
#include "alerting/rules/rule_file.h"
#include "query/exec/engine.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

constexpr int64_t kNowMs = 1'767'225'600'000;

class RuleReadTest : public ::testing::Test {
 protected:
  RuleReadTest() {
    Append("load", "a", 3);
    Append("load", "b", 7);
    Append("up", "a", 1);
    Append("errors", "a", 40);
    Append("requests", "a", 100);
  }

  void Append(const char* name, const char* job, double value) {
    EXPECT_OK(metrics_.Append(
        {{storage::Labels({{"__name__", name}, {"job", job}}), kNowMs, value}}, {}));
  }

  // "holds: 1 of 1 value 7, threshold > 5; 2 series, 2 samples"
  std::string Read(const Rule& rule, const storage::Labels& labels, bool all = true) {
    const ReadFacts facts =
        ReadRule(engine_, metrics_,
                 {.rule = rule, .labels = labels, .labels_are_all = all, .time_ms = kNowMs});
    EXPECT_EQ(facts.time_ms, kNowMs);
    if (!facts.error.empty()) return facts.error;
    return fmt::format("{}: {}{}, of {}; {} series, {} samples",
                       facts.holds ? "holds" : "does not hold", ValueText(facts),
                       facts.passes ? " passes" : "", facts.values, facts.series, facts.samples);
  }
  std::string Read(const char* expr, const storage::Labels& labels, bool all = true) {
    Rule rule;
    rule.alert = "A";
    rule.expr = expr;
    rule.labels = {{"severity", "page"}};
    return Read(rule, labels, all);
  }
  static storage::Labels Job(const char* job) {
    return {{"alertname", "A"}, {"job", job}, {"severity", "page"}};
  }

  const exec::Engine engine_{exec::EngineOptions()};
  MemoryMetrics metrics_;
};

TEST_F(RuleReadTest, FindsTheValueOfTheAlert) {
  EXPECT_EQ(Read("load > 5", Job("b")),
            "holds: 7, threshold > 5 passes, of 1; 2 series, 2 samples");
  EXPECT_EQ(Read("load > 5", Job("a")),
            "does not hold: 3, threshold > 5, of 1; 2 series, 2 samples");
  EXPECT_EQ(Read("load > 5", Job("c")), "does not hold: none, of 0; 2 series, 2 samples");
  EXPECT_EQ(Read("5 < load", Job("a")),
            "does not hold: 3, threshold > 5, of 1; 2 series, 2 samples");
  EXPECT_EQ(Read("load", Job("a")), "holds: 3, of 1; 2 series, 2 samples");
  EXPECT_EQ(Read("vector(1)", {{"alertname", "A"}, {"severity", "page"}}),
            "holds: 1, of 1; 0 series, 0 samples");
}

TEST_F(RuleReadTest, OtherPartsOfTheConditionMayNotHold) {
  EXPECT_EQ(Read("load > 5 and on(job) up == 1", Job("b")),
            "does not hold: 7, threshold > 5 passes, of 1; 3 series, 3 samples");
  EXPECT_EQ(Read("load > 2 unless on(job) up", Job("a")),
            "does not hold: 3, threshold > 2 passes, of 1; 3 series, 3 samples");
}

TEST_F(RuleReadTest, WithoutAnAlertTheNearestIsTold) {
  const storage::Labels name = {{"alertname", "A"}};
  EXPECT_EQ(Read("load > 8", name, false),
            "does not hold: 7, threshold > 8, of 2; 2 series, 2 samples");
  EXPECT_EQ(Read("load < 2", name, false),
            "does not hold: 3, threshold < 2, of 2; 2 series, 2 samples");
  EXPECT_EQ(Read("load > 8", {{"alertname", "A"}, {"job", "a"}}, false),
            "does not hold: 3, threshold > 8, of 1; 2 series, 2 samples");
}

TEST_F(RuleReadTest, OfLevelsTheAlertsOwnCounts) {
  Rule rule;
  rule.alert = "A";
  rule.expr = "load";
  rule.extensions.levels =
      Levels{ThresholdOp::kGreater, "severity", {{"warn", 5, 5}, {"page", 10, 10}}};
  EXPECT_EQ(Read(rule, {{"alertname", "A"}, {"job", "b"}, {"severity", "warn"}}),
            "holds: 7, threshold > 5 passes, of 1; 2 series, 2 samples");
  EXPECT_EQ(Read(rule, {{"alertname", "A"}, {"job", "b"}, {"severity", "page"}}),
            "does not hold: 7, threshold > 10, of 1; 2 series, 2 samples");
  EXPECT_EQ(Read(rule, {{"alertname", "A"}}, false),
            "holds: 7, threshold > 5 passes, of 2; 2 series, 2 samples");
}

TEST_F(RuleReadTest, RatiosAreDivided) {
  Rule rule;
  rule.alert = "A";
  rule.extensions.ratio = Ratio{.errors = "errors", .total = "requests"};
  EXPECT_EQ(Read(rule, {{"alertname", "A"}, {"job", "a"}}),
            "holds: 0.4, of 1; 2 series, 2 samples");
}

// As a file gives it: with its threshold as a level, and in its expression.
TEST_F(RuleReadTest, RatiosAreHeldAgainstTheirThreshold) {
  const auto read = [this](const char* threshold) {
    const auto groups = ParseRuleFile("r.yml", fmt::format(R"(
groups:
- name: g
  rules:
  - alert: A
    ratio: {{errors: errors, total: requests, {}}}
)",
                                                           threshold));
    EXPECT_OK(groups);
    return Read(groups->at(0).rules.at(0), {{"alertname", "A"}, {"job", "a"}});
  };
  EXPECT_EQ(read("above: 0.5"), "does not hold: 0.4, threshold > 0.5, of 1; 2 series, 2 samples");
  // Whether the rule is sure of it, the value alone does not say.
  EXPECT_EQ(read("above: 0.39"),
            "does not hold: 0.4, threshold > 0.39 passes, of 1; 2 series, 2 samples");
}

TEST_F(RuleReadTest, WhatFailsIsTold) {
  EXPECT_THAT(Read("load + on() load", Job("a")), ::testing::HasSubstr("duplicate series"));
  EXPECT_THAT(Read("load >", Job("a")), ::testing::HasSubstr("parse error"));
}

}  // namespace
}  // namespace vigil::alerting
