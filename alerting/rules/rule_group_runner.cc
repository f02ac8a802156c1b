// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_group_runner.h"

#include <algorithm>

#include <fmt/format.h>

#include "alerting/rules/shared_runner.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

// Under which what rehearsals do is counted: they are no groups of this server.
constexpr std::string_view kRehearsalKey = "(rehearsals)";

double SecondsSince(int64_t start_ns) {
  return static_cast<double>(MonotonicNs() - start_ns) / 1e9;
}

RuleSchedule ScheduleOf(const RuleGroup& group, std::string_view key,
                        const RuleEngineOptions& options) {
  const int64_t interval_ms =
      group.interval_ms > 0 ? group.interval_ms : options.default_interval_ms;
  if (options.phase_ms.has_value()) return RuleSchedule::AtPhase(*options.phase_ms, interval_ms);
  return RuleSchedule(key, interval_ms);
}

RuleStatus StatusOf(const RunningRule& running) {
  RuleStatus status;
  status.rule = running.evaluator->rule();
  status.health = running.health;
  status.last_error = running.last_error;
  status.last_evaluation_ms = running.last_evaluation_ms;
  status.evaluation_seconds = running.evaluation_seconds;
  status.inputs = running.inputs.status();
  const AlertTracker* const tracker = running.evaluator->tracker();
  if (tracker == nullptr) return status;
  status.alerts.reserve(tracker->alerts().size());
  for (const auto& [labels, tracked] : tracker->alerts()) {
    if (tracked.alert.state != AlertState::kInactive) status.alerts.push_back(tracked.alert);
  }
  return status;
}

}  // namespace

std::string GroupKey(const RuleGroup& group) {
  return fmt::format("{};{}", group.file, group.name);
}

absl::StatusOr<std::unique_ptr<RuleGroupRunner>> RuleGroupRunner::Create(
    RuleGroup group, const RuleEngineOptions& options, const Dependencies& dependencies,
    int64_t now_ms) {
  std::string key = GroupKey(group);
  std::unique_ptr<RuleGroupRunner> runner(
      new RuleGroupRunner(std::move(group), std::move(key), options, dependencies));
  int index = 0;
  for (const Rule& rule : runner->group_.rules) {
    RunningRule running;
    const Rule merged = MergeGroupLabels(rule, runner->group_);
    VIGIL_ASSIGN_OR_RETURN_WITH(running.evaluator, RuleEvaluator::Create(merged), runner->key_);
    running.address = {runner->key_, index++, rule.name(), RuleSignature(merged)};
    if (options.watch_inputs) running.inputs = InputWatch(running.evaluator->expr());
    runner->rules_.push_back(std::move(running));
  }
  std::vector<const promql::Expr*> exprs;
  for (const RunningRule& rule : runner->rules_) {
    for (const promql::Expr* const expr : rule.evaluator->exprs()) exprs.push_back(expr);
  }
  runner->common_ = exec::CommonNodes(exprs);
  runner->kept_ = std::make_unique<exec::KeptSelections>(
      exprs, dependencies.engine->options().kept_selection_bytes);
  runner->inputs_.Use(runner->kept_.get());
  runner->next_slot_ms_ = runner->schedule_.SlotAtOrAfter(now_ms);
  runner->metrics_.rules.Set(index);
  runner->metrics_.interval_seconds.Set(runner->interval_ms() / kMillisPerSecond);
  return runner;
}

RuleGroupRunner::RuleGroupRunner(RuleGroup group, std::string key, const RuleEngineOptions& options,
                                 const Dependencies& dependencies)
    : group_(std::move(group)),
      key_(std::move(key)),
      options_(options),
      dependencies_(dependencies),
      schedule_(ScheduleOf(group_, key_, options)),
      offset_ms_(group_.query_offset_ms >= 0 ? group_.query_offset_ms : options.query_offset_ms),
      metrics_(options.rehearsal ? kRehearsalKey : key_),
      inputs_(dependencies.source),
      own_runner_(dependencies.make_runner ? dependencies.make_runner(group_) : nullptr) {}

bool RuleGroupRunner::Evaluate(int64_t now_ms) {
  const int64_t slot_ms = schedule_.SlotAtOrBefore(now_ms);
  const int64_t missed = (slot_ms - next_slot_ms_) / interval_ms();
  iterations_missed_ += missed;
  next_slot_ms_ = slot_ms + interval_ms();
  const int64_t start_ns = MonotonicNs();
  EvaluateRules(slot_ms);
  if (options_.watch_inputs) WatchInputs(slot_ms);
  const bool wrote = TellAndSave(slot_ms, now_ms);
  last_evaluation_ms_ = slot_ms;
  evaluation_seconds_ = SecondsSince(start_ns);
  metrics_.iterations.Add();
  metrics_.iterations_missed.Add(missed);
  metrics_.last_evaluation_seconds.Set(slot_ms / kMillisPerSecond);
  int64_t series = 0;
  for (const RunningRule& rule : rules_) series += static_cast<int64_t>(rule.output.series.size());
  metrics_.last_evaluation_samples.Set(series);
  return wrote;
}

void RuleGroupRunner::EvaluateRules(int64_t slot_ms) {
  if (own_runner_ != nullptr) return EvaluateRules(slot_ms, own_runner_.get());
  SharedRunner runner(dependencies_.engine, dependencies_.source, &common_, kept_.get(),
                      slot_ms - offset_ms_);
  EvaluateRules(slot_ms, &runner);
}

void RuleGroupRunner::EvaluateRules(int64_t slot_ms, ExprRunner* runner) {
  GroupSamples samples(runner, dependencies_.output);
  for (RunningRule& rule : rules_) EvaluateRule(slot_ms, &samples, &rule);
  samples.Flush();
  for (RunningRule& rule : rules_) Conclude(&rule);
}

void RuleGroupRunner::EvaluateRule(int64_t slot_ms, GroupSamples* samples, RunningRule* rule) {
  const int64_t start_ns = MonotonicNs();
  const RuleEvaluation evaluation = {.runner = *samples,
                                     .options = options_,
                                     .time_ms = slot_ms,
                                     .offset_ms = offset_ms_,
                                     .limit = group_.limit};
  absl::StatusOr<std::vector<storage::LabeledSample>> result =
      rule->evaluator->Evaluate(evaluation);
  rule->evaluated = result.ok();
  rule->evaluation = result.status();
  rule->output.status = absl::OkStatus();
  if (result.ok()) samples->Add(*std::move(result), evaluation.data_time_ms(), &rule->output);
  rule->last_evaluation_ms = slot_ms;
  rule->evaluation_seconds = SecondsSince(start_ns);
}

void RuleGroupRunner::Conclude(RunningRule* rule) {
  const absl::Status& status = rule->evaluated ? rule->output.status : rule->evaluation;
  metrics_.evaluations.Add();
  std::string error(MessageOf(status));
  if (!status.ok()) {
    metrics_.evaluation_failures.Add();
    // The same failure every minute would only fill the log.
    if (error != rule->last_error && !options_.rehearsal) {
      Log(LogLevel::kWarning, "rule failed",
          {{"group", key_}, {"rule", rule->address.name}, {"error", error}});
    }
  }
  rule->health = status.ok() ? RuleHealth::kOk : RuleHealth::kError;
  rule->last_error = std::move(error);
}

bool RuleGroupRunner::HasAlerts() const {
  return std::any_of(rules_.begin(), rules_.end(), [](const RunningRule& rule) {
    const AlertTracker* const tracker = rule.evaluator->tracker();
    return tracker != nullptr && !tracker->alerts().empty();
  });
}

GroupStatus RuleGroupRunner::Status() const {
  GroupStatus status;
  status.name = group_.name;
  status.file = group_.file;
  status.interval_ms = interval_ms();
  status.query_offset_ms = offset_ms_;
  status.limit = group_.limit;
  status.last_evaluation_ms = last_evaluation_ms_;
  status.evaluation_seconds = evaluation_seconds_;
  status.iterations_missed = iterations_missed_;
  for (const RunningRule& rule : rules_) status.rules.push_back(StatusOf(rule));
  return status;
}

}  // namespace vigil::alerting
