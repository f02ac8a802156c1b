// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/backtest.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "alerting/manager/config.h"
#include "alerting/replay/memory_metrics.h"
#include "alerting/rules/rule_schedule.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/strings.h"
#include "query/promql/series_values.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

class BacktestTest : public ::testing::Test {
 protected:
  // Slots of group "g" in minutes from here.
  const int64_t zero_ms_ =
      RuleSchedule("f.yml;g", kMillisPerMinute).SlotAtOrAfter(1'767'225'600'000);

  void Load(const std::string& line) {
    const auto series = promql::ParseSeriesLine(line);
    ASSERT_OK(series);
    for (size_t i = 0; i < series->values.size(); ++i) {
      if (!series->values[i].has_value()) continue;
      ASSERT_OK(metrics_.Append(
          {{series->labels, Minute(static_cast<int64_t>(i)), std::get<double>(*series->values[i])}},
          {}));
    }
  }

  int64_t Minute(int64_t minute) const { return zero_ms_ + minute * kMillisPerMinute; }

  absl::StatusOr<BacktestResult> Run(const std::string& rules, int64_t from, int64_t to) {
    const auto groups = ParseRuleFile("f.yml", "groups:\n- name: g\n  rules:\n" + rules);
    if (!groups.ok()) return groups.status();
    return RunBacktest({*groups, options_, Minute(from), Minute(to), routes_},
                       {&engine_, &metrics_, control_}, listener_);
  }

  std::string Verdict(const std::string& rules, int64_t from, int64_t to) {
    const auto result = Run(rules, from, to);
    if (!result.ok()) return std::string(MessageOf(result.status()));
    std::string text;
    for (const RuleVerdict& rule : result->rules) {
      text += fmt::format("{}: {} evaluations, {} failed, {} near misses\n", rule.name,
                          rule.evaluations, rule.failures, rule.near_misses);
      for (const FiringSpell& spell : rule.spells) {
        text += fmt::format("  {} {}{} to {}, active {}, value {} {}\n", spell.labels.ToString(),
                            spell.fired_before ? "before " : "", Time(spell.fired_at_ms),
                            Time(spell.resolved_at_ms), Time(spell.active_at_ms),
                            FormatValue(spell.value), spell.annotations.ToString());
      }
    }
    return text;
  }

  void Route(const std::string& yaml) {
    ASSERT_OK_AND_ASSIGN(ManagerConfig config, ParseManagerConfig("routes.yml", yaml));
    routes_.push_back(std::move(config));
  }

  std::string PagesText(const PageCount& count) const {
    std::string text;
    for (const Page& page : count.pages) {
      text +=
          fmt::format("{} {} {}: {}, {} firing, {} resolved\n", Time(page.time_ms), page.receiver,
                      page.group_labels.ToString(), page.reason, page.firing, page.resolved);
    }
    const PageTally& total = count.total;
    return text + fmt::format("{} pages, {} repeats, {} resolves, {} alerts\n", total.pages,
                              total.repeats, total.resolves, total.alerts);
  }

  std::string Time(int64_t time_ms) const {
    return time_ms == 0 ? "the end" : FormatDurationMs(time_ms - zero_ms_);
  }

  const exec::Engine engine_{exec::EngineOptions()};
  RuleEngineOptions options_;
  std::vector<ManagerConfig> routes_;
  exec::QueryControl control_;
  BacktestListener listener_;
  MemoryMetrics metrics_;
};

TEST_F(BacktestTest, TellsWhenAndForHowLong) {
  Load("load{job=\"x\"} 1x60 5+1x10 1x20 7x40");
  EXPECT_EQ(
      Verdict(R"(
  - alert: High
    expr: load > 4
    for: 3m
    labels: {severity: page}
    annotations: {summary: '{{ $labels.job }} at {{ $value }}'}
)",
              30, 120),
      "High: 91 evaluations, 0 failed, 0 near misses\n"
      "  {alertname=\"High\", job=\"x\", severity=\"page\"} 1h4m to 1h12m, active 1h1m, value 8 "
      "{summary=\"x at 8\"}\n"
      "  {alertname=\"High\", job=\"x\", severity=\"page\"} 1h36m to the end, active 1h33m, "
      "value 7 {summary=\"x at 7\"}\n");
}

TEST_F(BacktestTest, WhatFiresBeforehandFiresAtOnce) {
  Load("load 9x200");
  const std::string rules = "  - {alert: High, expr: load > 4, for: 10m, keep_firing_for: 5m}\n";
  EXPECT_EQ(Verdict(rules, 60, 70),
            "High: 11 evaluations, 0 failed, 0 near misses\n"
            "  {alertname=\"High\"} before 1h to the end, active 44m, value 9 {}\n");
  ASSERT_OK_AND_ASSIGN(const BacktestResult result, Run(rules, 60, 70));
  EXPECT_EQ(Time(result.evaluated_from_ms), "44m");
}

TEST_F(BacktestTest, RecordedSeriesAreThoseOfTheTestedRules) {
  // What the store has of it is of an older rule.
  Load("load 1x100");
  Load("load:sum 100x100");
  EXPECT_EQ(Verdict(R"(
  - {record: 'load:sum', expr: sum(load)}
  - {alert: High, expr: 'load:sum > 50'}
)",
                    30, 60),
            "load:sum: 31 evaluations, 0 failed, 0 near misses\n"
            "High: 31 evaluations, 0 failed, 0 near misses\n");
  EXPECT_EQ(metrics_.Dump("load:sum").size(), 1u);
  EXPECT_TRUE(metrics_.Dump("ALERTS").empty());
}

TEST_F(BacktestTest, FailuresAreAmongTheResults) {
  Load("load{job=\"x\"} 1x100");
  Load("load{job=\"y\"} _x40 1x5 stale");
  ASSERT_OK_AND_ASSIGN(const BacktestResult result,
                       Run("  - {alert: High, expr: 'vector(1) * load > 0'}\n"
                           "  - {alert: One, expr: 'vector(1) * ignoring (job) load > 0'}\n",
                           30, 60));
  EXPECT_EQ(result.rules[0].failures, 0);
  EXPECT_EQ(result.rules[1].failures, 6);
  EXPECT_THAT(result.rules[1].last_error, HasSubstr("matching"));
  EXPECT_EQ(Time(result.rules[1].last_failure_ms), "45m");
  EXPECT_EQ(result.rules[1].spells.size(), 1u);
}

TEST_F(BacktestTest, ListenersHearOfProgressAndEndIt) {
  Load("load 1x100");
  double last = 0;
  int calls = 0;
  listener_ = [&](const BacktestProgress& progress) {
    EXPECT_GE(progress.fraction, last);
    last = progress.fraction;
    ++calls;
    return absl::OkStatus();
  };
  const std::string rules = "  - {alert: High, expr: load > 4}\n  - {alert: Low, expr: load < 4}\n";
  ASSERT_OK(Run(rules, 0, 5000));
  EXPECT_DOUBLE_EQ(last, 1);
  EXPECT_GT(calls, 8);
  listener_ = [](const BacktestProgress&) { return absl::CancelledError("enough"); };
  EXPECT_THAT(Run(rules, 0, 5000), StatusIs(absl::StatusCode::kCancelled, HasSubstr("enough")));
  listener_ = nullptr;
  const std::atomic<bool> cancelled{true};
  control_.cancelled = &cancelled;
  EXPECT_THAT(Run(rules, 0, 5000), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(BacktestTest, RefusesWhatMakesNoSense) {
  EXPECT_THAT(Run("  - {alert: A, expr: '1'}\n", 5, 4),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("before it begins")));
  RuleGroup group;
  group.file = "f.yml";
  group.name = "g";
  EXPECT_THAT(RunBacktest({{group, group}, {}, 0, 1}, {&engine_, &metrics_, {}}, nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("twice")));
  group.rules.resize(kMaxBacktestRules + 1);
  EXPECT_THAT(RunBacktest({{group}, {}, 0, 1}, {&engine_, &metrics_, {}}, nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at most")));
}

// What fires: Warn from 1h to 1h40m, High from 1h20m to 1h40m.
constexpr char kTwoLevels[] = R"(
  - {record: 'load:max', expr: max by (job) (load)}
  - {alert: Warn, expr: 'load:max > 2', labels: {severity: warning}}
  - {alert: High, expr: 'load:max > 4', labels: {severity: page}}
)";
constexpr char kReceiver[] = "receivers: [{name: team, webhook_configs: [{url: 'http://t/'}]}]\n";

TEST_F(BacktestTest, ManagersTellWhomTheyWouldTell) {
  Load("load{job=\"x\"} 1x59 3x19 9x19 1x100");
  Route(std::string(kReceiver) + R"(
route: {receiver: team, group_by: [alertname], group_wait: 0s, group_interval: 5m, repeat_interval: 30m}
inhibit_rules:
  - {source_matchers: [severity=page], target_matchers: [severity=warning], equal: [job]}
)");
  Route(std::string(kReceiver) + R"(
route: {receiver: team, group_wait: 0s, group_interval: 5m, repeat_interval: 10m}
)");
  ASSERT_OK_AND_ASSIGN(const BacktestResult result, Run(kTwoLevels, 30, 150));
  ASSERT_EQ(result.pages.size(), 2u);
  // That Warn goes on at 1h35m, the first flush after its repeat interval, is inhibited.
  EXPECT_EQ(PagesText(result.pages[0]),
            "1h team {alertname=\"Warn\"}: first notification, 1 firing, 0 resolved\n"
            "1h20m team {alertname=\"High\"}: first notification, 1 firing, 0 resolved\n"
            "1h45m team {alertname=\"High\"}: all alerts resolved, 0 firing, 1 resolved\n"
            "1h45m team {alertname=\"Warn\"}: all alerts resolved, 0 firing, 1 resolved\n"
            "4 pages, 0 repeats, 2 resolves, 4 alerts\n");
  // Flushes come before what is told at their time, and a repeat only when more than its interval
  // has gone by.
  EXPECT_EQ(PagesText(result.pages[1]),
            "1h team {}: first notification, 1 firing, 0 resolved\n"
            "1h15m team {}: repeat interval elapsed, 1 firing, 0 resolved\n"
            "1h25m team {}: new alerts added, 2 firing, 0 resolved\n"
            "1h40m team {}: repeat interval elapsed, 2 firing, 0 resolved\n"
            "1h45m team {}: all alerts resolved, 0 firing, 2 resolved\n"
            "5 pages, 2 repeats, 1 resolves, 8 alerts\n");
}

TEST_F(BacktestTest, ManagersChangeNoVerdict) {
  Load("load{job=\"x\"} 1x59 3x19 9x19 1x100");
  const std::string without = Verdict(kTwoLevels, 30, 150);
  Route(std::string(kReceiver) + "route: {receiver: team}\n");
  EXPECT_EQ(Verdict(kTwoLevels, 30, 150), without);
}

TEST_F(BacktestTest, WhatFiresBeforehandHasBeenToldAlready) {
  Load("load 9x200");
  Route(std::string(kReceiver) + "route: {receiver: team, group_wait: 30s, repeat_interval: 4h}\n");
  Route(std::string(kReceiver) + "route: {receiver: team, group_wait: 30s, repeat_interval: 6m}\n");
  const std::string rules = "  - {alert: High, expr: load > 4, for: 10m}\n";
  ASSERT_OK_AND_ASSIGN(const BacktestResult result, Run(rules, 60, 70));
  // It fires at 54m, when `for` has gone by, and is told half a minute later.
  EXPECT_EQ(Time(result.evaluated_from_ms), "44m");
  EXPECT_EQ(PagesText(result.pages[0]), "0 pages, 0 repeats, 0 resolves, 0 alerts\n");
  EXPECT_EQ(PagesText(result.pages[1]),
            "1h4m30s team {}: repeat interval elapsed, 1 firing, 0 resolved\n"
            "1 pages, 1 repeats, 0 resolves, 1 alerts\n");
}

// Days are evaluated one after the other, and each rule by itself; the manager hears all in order.
TEST_F(BacktestTest, ManagersHearOfTheDaysInOrder) {
  Load("load{job=\"x\"} 9x4400");
  Load("load{job=\"y\"} 1x1500 9x10 1x3000");
  Route(std::string(kReceiver) +
        "route: {receiver: team, group_by: [job], group_wait: 0s, repeat_interval: 1d}\n");
  ASSERT_OK_AND_ASSIGN(const BacktestResult result, Run(kTwoLevels, 30, 4380));
  // y fires from 1501 to 1511 by both rules at once; x is told at 19m, when evaluation begins, and
  // each 1d5m.
  EXPECT_EQ(PagesText(result.pages[0]),
            "1d24m team {job=\"x\"}: repeat interval elapsed, 2 firing, 0 resolved\n"
            "1d1h1m team {job=\"y\"}: first notification, 2 firing, 0 resolved\n"
            "1d1h16m team {job=\"y\"}: all alerts resolved, 0 firing, 2 resolved\n"
            "2d29m team {job=\"x\"}: repeat interval elapsed, 2 firing, 0 resolved\n"
            "3d34m team {job=\"x\"}: repeat interval elapsed, 2 firing, 0 resolved\n"
            "5 pages, 3 repeats, 1 resolves, 10 alerts\n");
}

// As live: the manager believes whoever spoke last, and a rule goes on for a quarter of an hour
// saying that its alert is over.
TEST_F(BacktestTest, TwoRulesMayTellOfTheSameAlert) {
  Load("load{job=\"x\"} 1x59 3x19 9x9 3x29 1x60");
  Route(std::string(kReceiver) + "route: {receiver: team, group_wait: 0s}\n");
  const std::string longer = "  - {alert: High, expr: load > 2}\n";
  const std::string shorter = "  - {alert: High, expr: load > 4}\n";
  ASSERT_OK_AND_ASSIGN(const BacktestResult first, Run(longer + shorter, 30, 150));
  EXPECT_EQ(PagesText(first.pages[0]),
            "1h team {}: first notification, 1 firing, 0 resolved\n"
            "1h35m team {}: all alerts resolved, 0 firing, 1 resolved\n"
            "1h46m team {}: first notification, 1 firing, 0 resolved\n"
            "2h1m team {}: all alerts resolved, 0 firing, 1 resolved\n"
            "4 pages, 0 repeats, 2 resolves, 4 alerts\n");
  ASSERT_OK_AND_ASSIGN(const BacktestResult last, Run(shorter + longer, 30, 150));
  EXPECT_EQ(PagesText(last.pages[0]),
            "1h team {}: first notification, 1 firing, 0 resolved\n"
            "2h5m team {}: all alerts resolved, 0 firing, 1 resolved\n"
            "2 pages, 0 repeats, 1 resolves, 2 alerts\n");
}

TEST_F(BacktestTest, SlotsAreThoseOfTheGroupOfThatName) {
  const auto group = [](std::string file, std::string name) {
    RuleGroup made;
    made.file = std::move(file);
    made.name = std::move(name);
    return made;
  };
  const std::vector<RuleGroup> running = {group("a.yml", "one"), group("a.yml", "two"),
                                          group("b.yml", "two")};
  std::vector<RuleGroup> groups = {group("new.yml", "one"), group("new.yml", "two"),
                                   group("new.yml", "three")};
  AlignSlots(running, &groups);
  EXPECT_EQ(groups[0].file, "a.yml");
  EXPECT_EQ(groups[1].file, "new.yml");
  EXPECT_EQ(groups[2].file, "new.yml");
}

}  // namespace
}  // namespace vigil::alerting
