// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/alerting_rule.h"

#include <algorithm>

#include "base/clock.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

constexpr std::string_view kAlertState = "alertstate";
constexpr std::string_view kAlertsMetric = "ALERTS";
constexpr std::string_view kForStateMetric = "ALERTS_FOR_STATE";

std::vector<Measurement> ToMeasurements(exec::VectorResult result) {
  std::vector<Measurement> measured;
  measured.reserve(result.size());
  for (exec::VectorElement& element : result) {
    Measurement one;
    one.labels = std::move(element.labels);
    one.value = element.value;
    one.entering_value = element.value;
    one.histogram = std::move(element.histogram);
    measured.push_back(std::move(one));
  }
  return measured;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RuleEvaluator>> AlertingRule::Create(const Rule& rule,
                                                                    promql::ExprPtr expr) {
  VIGIL_ASSIGN_OR_RETURN(AlertWording wording, AlertWording::Create(rule));
  std::unique_ptr<AlertingRule> created(
      new AlertingRule(rule, std::move(expr), std::move(wording)));
  const RuleExtensions& extensions = rule.extensions;
  if (extensions.ratio.has_value() && !extensions.levels.has_value()) {
    return absl::InvalidArgumentError("a ratio needs levels");
  }
  std::vector<std::string> inputs = {rule.expr};
  if (extensions.ratio.has_value()) {
    VIGIL_ASSIGN_OR_RETURN(created->ratio_,
                           RatioMeasure::Create(*extensions.ratio, extensions.levels->op));
  }
  if (extensions.partial_data.keep) {
    VIGIL_ASSIGN_OR_RETURN(created->series_count_, SeriesCount::Create(inputs));
  }
  return std::unique_ptr<RuleEvaluator>(std::move(created));
}

absl::StatusOr<std::vector<storage::LabeledSample>> AlertingRule::Evaluate(
    const RuleEvaluation& evaluation) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<Measurement> measured, Measure(evaluation));
  if (extensions().late_data_ms == 0) {
    VIGIL_RETURN_IF_ERROR(Judge(evaluation, measured));
  } else {
    VIGIL_RETURN_IF_ERROR(JudgeWithLateData(evaluation, std::move(measured)));
  }
  std::vector<storage::LabeledSample> samples;
  if (!evaluation.options.alert_series) return samples;
  for (const auto& [labels, tracked] : tracker_.alerts()) {
    for (auto& sample : AlertSamples(tracked.alert, evaluation.data_time_ms())) {
      samples.push_back(std::move(sample));
    }
  }
  return samples;
}

absl::StatusOr<std::vector<Measurement>> AlertingRule::Measure(
    const RuleEvaluation& evaluation) const {
  if (ratio_.has_value()) return ratio_->Run(evaluation);
  VIGIL_ASSIGN_OR_RETURN(exec::VectorResult result, RunExpr(evaluation));
  return ToMeasurements(std::move(result));
}

absl::Status AlertingRule::Judge(const RuleEvaluation& evaluation,
                                 const std::vector<Measurement>& measured) {
  const AlertPolicy policy = {rule().for_ms, rule().keep_firing_for_ms, evaluation.limit};
  AlertWriter writer(wording_, evaluation);
  std::vector<AlertCandidate> candidates = Candidates(evaluation, policy, measured, &writer);
  Presence presence;
  VIGIL_RETURN_IF_ERROR(ApplyDataPolicies(evaluation, measured, &writer, &presence, &candidates));
  VIGIL_RETURN_IF_ERROR(tracker_.Update(policy, std::move(candidates), evaluation.time_ms));
  if (extensions().no_data.action == NoDataAction::kOk) return absl::OkStatus();
  const bool resolved = std::any_of(tracker_.alerts().begin(), tracker_.alerts().end(),
                                    [&evaluation](const auto& entry) {
                                      return entry.second.resolved_at_ms == evaluation.time_ms;
                                    });
  if (!resolved) return absl::OkStatus();
  ExplainResolved(evaluation.time_ms, writer,
                  AskPresence(evaluation, measured, &writer, &presence));
  return absl::OkStatus();
}

std::vector<AlertCandidate> AlertingRule::Candidates(const RuleEvaluation& evaluation,
                                                     const AlertPolicy& policy,
                                                     const std::vector<Measurement>& measured,
                                                     AlertWriter* writer) const {
  std::vector<AlertCandidate> candidates;
  const auto add = [&](const Measurement& one, storage::Labels labels) {
    AlertCandidate candidate = {std::move(labels), {}, one.value};
    candidate.worded = !evaluation.options.rehearsal ||
                       tracker_.IsNews(policy, candidate.labels, evaluation.time_ms);
    if (candidate.worded) candidate.annotations = writer->Annotations();
    candidates.push_back(std::move(candidate));
  };
  for (const Measurement& one : measured) {
    if (!extensions().levels.has_value()) {
      add(one, writer->Labels(one, nullptr));
      continue;
    }
    const Levels& levels = *extensions().levels;
    if (!MayHoldLevel(levels, one)) continue;
    for (const Level& level : levels.levels) {
      storage::Labels labels = writer->Labels(one, &level);
      if (HoldsLevel(levels, level, one, HeldLevel(labels))) add(one, std::move(labels));
    }
  }
  return candidates;
}

bool AlertingRule::HeldLevel(const storage::Labels& alert_labels) const {
  const auto found = tracker_.alerts().find(alert_labels);
  if (found == tracker_.alerts().end()) return false;
  const ActiveAlert& alert = found->second.alert;
  // One that is only kept firing has been left.
  return alert.state != AlertState::kInactive && alert.keep_firing_since_ms == 0;
}

std::vector<storage::LabeledSample> AlertingRule::AlertSamples(const ActiveAlert& alert,
                                                               int64_t time_ms) const {
  if (alert.state == AlertState::kInactive) return {};
  // As in Prometheus, a label whose template came out empty stands here with the template itself.
  storage::LabelsBuilder labels;
  for (const auto& [name, text] : rule().labels) labels.Set(name, text);
  for (const storage::LabelView& label : alert.labels) labels.Set(label.name, label.value);
  labels.Set(storage::kMetricName, kForStateMetric);
  storage::LabeledSample for_state;
  for_state.labels = labels.Build();
  for_state.time_ms = time_ms;
  // Whole seconds, as Prometheus writes it.
  for_state.value = static_cast<double>(alert.active_at_ms / kMillisPerSecond);
  labels.Set(storage::kMetricName, kAlertsMetric);
  labels.Set(kAlertState, AlertStateName(alert.state));
  storage::LabeledSample state;
  state.labels = labels.Build();
  state.time_ms = time_ms;
  state.value = 1;
  return {std::move(state), std::move(for_state)};
}

}  // namespace vigil::alerting
