// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/rule_test_run.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "alerting/replay/memory_metrics.h"
#include "alerting/replay/rule_test_expr.h"
#include "alerting/replay/rule_test_match.h"
#include "alerting/rules/rule_engine.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"
#include "base/strings.h"
#include "query/exec/engine.h"
#include "query/promql/series_values.h"
#include "storage/kv/memory_store.h"

namespace vigil::alerting {
namespace {

using Kind = RuleTestFailure::Kind;

// A test that asks for more is a mistake: with a rule or two this many take minutes.
constexpr int64_t kMaxEvaluations = 10'000'000;

TextMap ToTextMap(const storage::Labels& labels) {
  TextMap map;
  for (const storage::LabelView& label : labels) map.emplace(label.name, label.value);
  return map;
}

storage::Labels ToLabels(const TextMap& map) {
  storage::LabelsBuilder labels;
  for (const auto& [name, value] : map) labels.Set(name, value);
  return labels.Build();
}

exec::EngineOptions QueryOptions(const RuleTestFile& file) {
  exec::EngineOptions options;
  options.default_subquery_step_ms = file.evaluation_interval_ms;
  return options;
}

class RuleTestRun {
 public:
  RuleTestRun(const RuleTestFile& file, const RuleTest& test)
      : file_(file), test_(test), query_engine_(QueryOptions(file)) {
    outcome_.name = test.name;
    outcome_.place = test.place;
  }

  RuleTestOutcome Run(const std::vector<RuleGroup>& groups) && {
    const int64_t start_ns = MonotonicNs();
    if (ReadSeries() && Start(groups) && Evaluate()) CheckExprs();
    outcome_.seconds = static_cast<double>(MonotonicNs() - start_ns) / 1e9;
    return std::move(outcome_);
  }

 private:
  // A series and which of its values are not in the store yet.
  struct Feed {
    TextPlace place;
    std::vector<promql::SeriesValue> values;
    size_t next = 0;
  };

  void Fail(TextPlace place, std::string message) {
    RuleTestFailure& failure = outcome_.failures.emplace_back();
    failure.place = place;
    failure.message = std::move(message);
  }

  // False if a series cannot be read; all of them are looked at.
  bool ReadSeries() {
    bool readable = true;
    for (const TestSeries& series : test_.series) {
      absl::StatusOr<promql::SeriesLine> line =
          promql::ParseSeriesLine(fmt::format("{} {}", series.series, series.values));
      if (line.ok()) {
        // Of the same series twice, the second stands.
        feeds_.insert_or_assign(line->labels, Feed{series.place, std::move(line->values)});
      } else {
        readable = false;
        Fail(series.place, fmt::format("{}: {}", series.series, MessageOf(line.status())));
      }
    }
    return readable;
  }

  bool Start(const std::vector<RuleGroup>& groups) {
    for (const AlertTest& alert : test_.alert_tests) {
      end_ms_ = std::max(end_ms_, alert.eval_time_ms);
      if (!alert.alert_name.empty()) continue;
      Fail(alert.place, "\"alertname\" is missing");
      return false;
    }
    for (const ExprTest& expr : test_.expr_tests) end_ms_ = std::max(end_ms_, expr.eval_time_ms);
    if (end_ms_ / file_.evaluation_interval_ms > kMaxEvaluations) {
      Fail(test_.place, fmt::format("more than {} evaluations: choose a longer "
                                    "evaluation_interval or earlier times",
                                    kMaxEvaluations));
      return false;
    }
    const absl::Status started = MakeEngine(groups);
    if (!started.ok()) Fail(test_.place, std::string(MessageOf(started)));
    return started.ok();
  }

  absl::Status MakeEngine(const std::vector<RuleGroup>& groups) {
    RuleEngineOptions options;
    options.external_labels = ToLabels(test_.external_labels);
    options.external_url = test_.external_url;
    options.phase_ms = test_.start_ms;
    VIGIL_ASSIGN_OR_RETURN(engine_, RuleEngine::Create(options, {.engine = &query_engine_,
                                                                 .source = &metrics_,
                                                                 .output = &metrics_,
                                                                 .state = &state_}));
    std::vector<RuleGroup> all = groups;
    for (RuleGroup& group : all) group.interval_ms = file_.evaluation_interval_ms;
    return engine_->SetGroups(std::move(all), test_.start_ms);
  }

  // False if the test ended before its time.
  bool Evaluate() {
    std::vector<const AlertTest*> due;
    for (const AlertTest& alert : test_.alert_tests) due.push_back(&alert);
    std::stable_sort(due.begin(), due.end(), [](const AlertTest* a, const AlertTest* b) {
      return a->eval_time_ms < b->eval_time_ms;
    });
    auto next = due.begin();
    const int64_t interval_ms = file_.evaluation_interval_ms;
    for (int64_t time_ms = 0; time_ms <= end_ms_; time_ms += interval_ms) {
      if (!FeedUntil(time_ms)) return false;
      engine_->RunDue(test_.start_ms + time_ms);
      const std::vector<GroupStatus> groups = engine_->Status();
      if (!CheckRules(groups, time_ms)) return false;
      for (; next != due.end() && (*next)->eval_time_ms < time_ms + interval_ms; ++next) {
        CheckAlerts(groups, **next);
      }
    }
    return true;
  }

  // Writes the samples up to `time_ms`. False if one was refused.
  bool FeedUntil(int64_t time_ms) {
    const auto count = static_cast<size_t>(time_ms / test_.interval_ms + 1);
    std::vector<storage::LabeledSample> samples;
    for (auto& [labels, feed] : feeds_) {
      for (; feed.next < std::min(count, feed.values.size()); ++feed.next) {
        const promql::SeriesValue& value = feed.values[feed.next];
        if (!value.has_value()) continue;
        storage::LabeledSample& sample = samples.emplace_back();
        sample.labels = labels;
        sample.time_ms = test_.start_ms + static_cast<int64_t>(feed.next) * test_.interval_ms;
        if (const double* const number = std::get_if<double>(&*value)) {
          sample.value = *number;
        } else {
          sample.histogram = std::get<1>(*value);
        }
      }
    }
    const absl::StatusOr<storage::WriteResult> written = metrics_.Append(samples, {});
    if (!written.ok()) {
      Fail(test_.place, std::string(MessageOf(written.status())));
    } else if (written->rejected > 0) {
      Fail(test_.place, fmt::format("input_series has samples of a series that a rule writes, {}: "
                                    "{}",
                                    FormatDurationMs(time_ms), written->rejection_reason));
    }
    return written.ok() && written->rejected == 0;
  }

  bool CheckRules(const std::vector<GroupStatus>& groups, int64_t time_ms) {
    bool healthy = true;
    for (const GroupStatus& group : groups) {
      for (const RuleStatus& rule : group.rules) {
        if (rule.health != RuleHealth::kError) continue;
        healthy = false;
        Fail(test_.place, fmt::format("{} ({}:{})", rule.last_error, group.file, rule.rule.line));
        RuleTestFailure& failure = outcome_.failures.back();
        failure.kind = Kind::kRule;
        failure.time_ms = time_ms;
        failure.subject = rule.rule.name();
      }
    }
    return healthy;
  }

  void CheckAlerts(const std::vector<GroupStatus>& groups, const AlertTest& test) {
    std::vector<TestAlert> got;
    for (const GroupStatus& group : groups) {
      for (const RuleStatus& rule : group.rules) {
        if (rule.rule.IsAlert() && rule.rule.alert == test.alert_name) CollectFiring(rule, &got);
      }
    }
    std::vector<TestAlert> expected;
    for (const AlertTest::Expected& one : test.expected) {
      expected.push_back({one.labels, one.annotations});
      expected.back().labels["alertname"] = test.alert_name;
    }
    if (MatchAlerts(&expected, &got)) return;
    RuleTestFailure& failure = outcome_.failures.emplace_back();
    failure.kind = Kind::kAlerts;
    failure.place = test.place;
    failure.time_ms = test.eval_time_ms;
    failure.subject = test.alert_name;
    failure.difference = AlertDifference(expected, got);
    failure.expected_alerts = std::move(expected);
    failure.got_alerts = std::move(got);
  }

  static void CollectFiring(const RuleStatus& rule, std::vector<TestAlert>* got) {
    for (const ActiveAlert& alert : rule.alerts) {
      if (alert.state != AlertState::kFiring) continue;
      TestAlert& one = got->emplace_back();
      one.labels = ToTextMap(alert.labels);
      one.annotations = ToTextMap(alert.annotations);
      // Annotations that came out empty are there, too.
      for (const auto& [name, text] : rule.rule.annotations) one.annotations.try_emplace(name);
    }
  }

  void CheckExprs() {
    for (const ExprTest& test : test_.expr_tests) {
      std::optional<RuleTestFailure> failure =
          CheckExprTest(query_engine_, test, test_.start_ms, file_.fuzzy_compare, &metrics_);
      if (failure.has_value()) outcome_.failures.push_back(*std::move(failure));
    }
  }

  const RuleTestFile& file_;
  const RuleTest& test_;
  const exec::Engine query_engine_;
  MemoryMetrics metrics_;
  storage::MemoryStore state_;
  std::unique_ptr<RuleEngine> engine_;
  std::map<storage::Labels, Feed> feeds_;
  int64_t end_ms_ = 0;
  RuleTestOutcome outcome_;
};

}  // namespace

RuleTestOutcome RunRuleTest(const RuleTestFile& file, const RuleTest& test,
                            const std::vector<RuleGroup>& groups) {
  return RuleTestRun(file, test).Run(groups);
}

}  // namespace vigil::alerting
