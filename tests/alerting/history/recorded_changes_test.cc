// SPDX-License-Identifier: Apache-2.0
//
// That the rule engine tells the history of every change of every alert, once.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "alerting/history/alert_history.h"
#include "alerting/replay/memory_metrics.h"
#include "alerting/rules/rule_engine.h"
#include "alerting/rules/rule_schedule.h"
#include "base/clock.h"
#include "base/strings.h"
#include "storage/kv/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

class RecordedChangesTest : public ::testing::Test {
 protected:
  RecordedChangesTest() { Start(); }

  static std::vector<RuleGroup> Rules(int64_t for_minutes = 2, int64_t limit = 0) {
    RuleGroup group;
    group.file = "f.yml";
    group.name = "g";
    group.limit = limit;
    Rule rule;
    rule.alert = "High";
    rule.expr = "load > 0";
    rule.for_ms = for_minutes * kMillisPerMinute;
    rule.annotations = {{"summary", "at {{ $value }}"}};
    group.rules = {rule};
    return {group};
  }

  void Start() {
    engine_ = RuleEngine::Create({}, {.engine = &query_engine_,
                                      .source = &metrics_,
                                      .output = &metrics_,
                                      .state = &state_,
                                      .recorder = &history_})
                  .value();
    EXPECT_OK(engine_->SetGroups(rules_, Minute(now_)));
  }
  void Reload(std::vector<RuleGroup> rules) {
    rules_ = std::move(rules);
    EXPECT_OK(engine_->SetGroups(rules_, Minute(now_)));
  }

  int64_t Minute(int64_t minute) const { return zero_ms_ + minute * kMillisPerMinute; }

  // Evaluates the next minutes with such values, NaN for none.
  void Run(const std::vector<double>& values, const char* job = "x") {
    for (const double value : values) {
      if (!std::isnan(value)) {
        EXPECT_OK(metrics_.Append(
            {{storage::Labels({{"__name__", "load"}, {"job", job}}), Minute(now_), value}}, {}));
      }
      engine_->RunDue(Minute(now_++));
    }
  }

  std::string History() {
    const auto answer = history_.Read({});
    EXPECT_OK(answer);
    std::vector<std::string> lines;
    for (auto event = answer->events.rbegin(); event != answer->events.rend(); ++event) {
      lines.push_back(fmt::format(
          "{}: {} {} {} {}, since {}{}\n", (event->time_ms - zero_ms_) / 60'000,
          event->labels.Get("job"), AlertChangeName(event->change), FormatValue(event->value),
          event->annotations.Get("summary"), (event->active_at_ms - zero_ms_) / 60'000,
          event->reason.empty() ? "" : ": " + event->reason));
    }
    // Those of one time are in no order.
    std::sort(lines.begin(), lines.end());
    std::string text;
    for (const std::string& line : lines) text += line;
    return text;
  }

  const int64_t zero_ms_ =
      RuleSchedule("f.yml;g", kMillisPerMinute).SlotAtOrAfter(1'767'225'600'000);
  const exec::Engine query_engine_{exec::EngineOptions()};
  MemoryMetrics metrics_;
  storage::MemoryStore state_;
  AlertHistory history_{&state_, 0};
  std::vector<RuleGroup> rules_ = Rules();
  std::unique_ptr<RuleEngine> engine_;
  int64_t now_ = 0;
};

TEST_F(RecordedChangesTest, FromPendingToResolved) {
  Run({0, 1, 2, 3, 4, 0, 0, 5});
  EXPECT_EQ(History(),
            "1: x pending 1 at 1, since 1\n"
            "3: x firing 3 at 3, since 1\n"
            "5: x resolved 4 at 4, since 1: recovered\n"
            "7: x pending 5 at 5, since 7\n");
}

TEST_F(RecordedChangesTest, WithoutForItFiresAtOnce) {
  Reload(Rules(0));
  Run({7, 7, 0});
  EXPECT_EQ(History(),
            "0: x firing 7 at 7, since 0\n"
            "2: x resolved 7 at 7, since 0: recovered\n");
}

TEST_F(RecordedChangesTest, PendingForTooShortIsForgotten) {
  Run({1, 1, 0});
  EXPECT_EQ(History(),
            "0: x pending 1 at 1, since 0\n"
            "2: x forgotten 1 at 1, since 0\n");
}

TEST_F(RecordedChangesTest, ThatItIsNoLongerSentIsNoNews) {
  Reload(Rules(0));
  Run({7});
  Run(std::vector<double>(30, 0));
  EXPECT_EQ(History(),
            "0: x firing 7 at 7, since 0\n"
            "1: x resolved 7 at 7, since 0: recovered\n");
}

TEST_F(RecordedChangesTest, ARestartTellsNothingTwice) {
  Run({1, 1, 1});
  Start();
  Run({1, 1});
  Start();
  Run({0});
  EXPECT_EQ(History(),
            "0: x pending 1 at 1, since 0\n"
            "2: x firing 1 at 1, since 0\n"
            "5: x resolved 1 at 1, since 0: recovered\n");
}

TEST_F(RecordedChangesTest, WhatNoRuleCarriesOnIsForgotten) {
  Run({1, 1, 1});
  Reload({});
  EXPECT_EQ(History(),
            "0: x pending 1 at 1, since 0\n"
            "2: x firing 1 at 1, since 0\n"
            "3: x forgotten 1 at 1, since 0: no rule carries it on\n");
}

TEST_F(RecordedChangesTest, BeyondTheLimitAllAreForgotten) {
  Reload(Rules(0, 1));
  Run({1});
  EXPECT_OK(metrics_.Append(
      {{storage::Labels({{"__name__", "load"}, {"job", "y"}}), Minute(now_), 1}}, {}));
  Run({1});
  EXPECT_EQ(History(),
            "0: x firing 1 at 1, since 0\n"
            "1: x forgotten 1 at 1, since 0: limit exceeded\n"
            "1: y forgotten 1 at 1, since 1: limit exceeded\n");
}

}  // namespace
}  // namespace vigil::alerting
