// SPDX-License-Identifier: Apache-2.0
//
// What an alerting rule makes of data that are missing.
#include <cmath>
#include <limits>

#include <absl/container/flat_hash_set.h>

#include "alerting/rules/alerting_rule.h"
#include "alerting/rules/presence.h"
#include "base/status.h"
#include "query/promql/parser.h"

namespace vigil::alerting {

const Level* AlertingRule::MildestLevel() const {
  return extensions().levels.has_value() ? &extensions().levels->levels.front() : nullptr;
}

absl::Status AlertingRule::ApplyDataPolicies(const RuleEvaluation& evaluation,
                                             const std::vector<Measurement>& measured,
                                             AlertWriter* writer, Presence* presence,
                                             std::vector<AlertCandidate>* candidates) {
  if (series_count_.has_value()) {
    VIGIL_ASSIGN_OR_RETURN(const bool partial, IsPartial(evaluation));
    if (partial) HoldAllAbsent(candidates);
  }
  const NoDataAction action = extensions().no_data.action;
  if (action != NoDataAction::kKeep && action != NoDataAction::kAlert) return absl::OkStatus();
  // To keep an alert is only a question when there is one.
  if (action == NoDataAction::kKeep && AbsentAlerts(*candidates).empty()) return absl::OkStatus();
  const std::optional<PresentSeries>& present = AskPresence(evaluation, measured, writer, presence);
  if (!present.has_value()) return absl::OkStatus();
  HoldWithoutData(evaluation.time_ms, *present, *writer, candidates);
  if (action == NoDataAction::kAlert) {
    BeginWithoutData(evaluation.time_ms, *present, writer, candidates);
  }
  return absl::OkStatus();
}

const std::optional<PresentSeries>& AlertingRule::AskPresence(
    const RuleEvaluation& evaluation, const std::vector<Measurement>& measured, AlertWriter* writer,
    Presence* presence) {
  if (std::exchange(presence->asked, true)) return presence->series;
  absl::StatusOr<std::vector<Measurement>> there = measured;
  if (!extensions().levels.has_value()) there = MeasurePresence(evaluation);
  // The rule itself has its result; that nobody can tell why is no reason to fail it.
  if (!there.ok()) return presence->series;
  PresentSeries& series = presence->series.emplace();
  for (const Measurement& one : *there) {
    const storage::Labels labels = writer->Labels(one, MildestLevel());
    series.emplace(writer->CommonLabels(labels), one.labels);
  }
  return presence->series;
}

absl::StatusOr<std::vector<Measurement>> AlertingRule::MeasurePresence(
    const RuleEvaluation& evaluation) {
  if (!std::exchange(has_presence_expr_, true)) {
    VIGIL_ASSIGN_OR_RETURN(promql::ExprPtr expr, promql::ParseExpr(rule().expr));
    presence_expr_ = MakePresenceExpr(std::move(expr));
    if (presence_expr_ != nullptr) presence_text_ = promql::Print(*presence_expr_);
  }
  if (presence_expr_ == nullptr) return absl::NotFoundError("there is no telling");
  VIGIL_ASSIGN_OR_RETURN(
      exec::QueryResult result,
      evaluation.runner.Run(*presence_expr_, presence_text_, evaluation.data_time_ms()));
  VIGIL_ASSIGN_OR_RETURN(exec::VectorResult elements, ToVector(std::move(result)));
  std::vector<Measurement> there(elements.size());
  for (size_t i = 0; i < elements.size(); ++i) {
    there[i].labels = std::move(elements[i].labels);
    there[i].value = elements[i].value;
    there[i].histogram = std::move(elements[i].histogram);
  }
  return there;
}

std::vector<const ActiveAlert*> AlertingRule::AbsentAlerts(
    const std::vector<AlertCandidate>& candidates) const {
  absl::flat_hash_set<storage::Labels> present;
  for (const AlertCandidate& candidate : candidates) present.insert(candidate.labels);
  std::vector<const ActiveAlert*> absent;
  for (const auto& [labels, tracked] : tracker_.alerts()) {
    const ActiveAlert& alert = tracked.alert;
    const bool recovered = alert.keep_firing_since_ms != 0;
    if (alert.state == AlertState::kInactive || recovered || present.contains(labels)) continue;
    absent.push_back(&alert);
  }
  return absent;
}

void AlertingRule::HoldWithoutData(int64_t time_ms, const PresentSeries& present,
                                   const AlertWriter& writer,
                                   std::vector<AlertCandidate>* candidates) const {
  const NoDataPolicy& policy = extensions().no_data;
  for (const ActiveAlert* const alert : AbsentAlerts(*candidates)) {
    if (present.contains(writer.CommonLabels(alert->labels))) continue;
    const int64_t missing_since_ms =
        alert->reason == AlertReason::kNoData ? alert->reason_since_ms : time_ms;
    if (time_ms - missing_since_ms >= policy.forget_ms) continue;
    AlertCandidate candidate;
    candidate.labels = alert->labels;
    candidate.basis = policy.action == NoDataAction::kAlert ? AlertCandidate::Basis::kNoData
                                                            : AlertCandidate::Basis::kHeld;
    candidate.reason = AlertReason::kNoData;
    candidates->push_back(std::move(candidate));
  }
}

void AlertingRule::HoldAllAbsent(std::vector<AlertCandidate>* candidates) const {
  for (const ActiveAlert* const alert : AbsentAlerts(*candidates)) {
    AlertCandidate candidate;
    candidate.labels = alert->labels;
    candidate.basis = AlertCandidate::Basis::kHeld;
    candidate.reason = AlertReason::kPartialData;
    candidates->push_back(std::move(candidate));
  }
}

void AlertingRule::BeginWithoutData(int64_t time_ms, const PresentSeries& present,
                                    AlertWriter* writer, std::vector<AlertCandidate>* candidates) {
  data_state_changed_ |= seen_.Update(present, time_ms, extensions().no_data.forget_ms);
  absl::flat_hash_set<storage::Labels> alerted;
  for (const AlertCandidate& candidate : *candidates) {
    alerted.insert(writer->CommonLabels(candidate.labels));
  }
  for (const auto& [labels, entry] : seen_.entries()) {
    if (entry.missing_since_ms == 0 || alerted.contains(labels)) continue;
    Measurement nothing;
    nothing.labels = entry.element;
    nothing.value = std::numeric_limits<double>::quiet_NaN();
    AlertCandidate candidate;
    candidate.labels = writer->Labels(nothing, MildestLevel());
    candidate.annotations = writer->Annotations();
    candidate.value = nothing.value;
    candidate.basis = AlertCandidate::Basis::kNoData;
    candidate.reason = AlertReason::kNoData;
    candidates->push_back(std::move(candidate));
  }
}

void AlertingRule::ExplainResolved(int64_t time_ms, const AlertWriter& writer,
                                   const std::optional<PresentSeries>& present) {
  if (!present.has_value()) return;
  for (const auto& [labels, tracked] : tracker_.alerts()) {
    if (tracked.resolved_at_ms != time_ms || present->contains(writer.CommonLabels(labels))) {
      continue;
    }
    tracker_.SetReason(labels, AlertReason::kNoData);
  }
}

absl::StatusOr<bool> AlertingRule::IsPartial(const RuleEvaluation& evaluation) {
  VIGIL_ASSIGN_OR_RETURN(const int64_t count, series_count_->Run(evaluation));
  const PartialDataPolicy& policy = extensions().partial_data;
  data_state_changed_ |= series_peak_.Update(count, evaluation.time_ms, policy.window_ms);
  return static_cast<double>(count) < policy.below * static_cast<double>(series_peak_.peak());
}

std::string AlertingRule::DataState() const {
  const bool remembers =
      extensions().no_data.action == NoDataAction::kAlert || extensions().partial_data.keep;
  return remembers ? EncodeDataState(seen_, series_peak_) : "";
}

absl::Status AlertingRule::RestoreDataState(std::string_view state) {
  return DecodeDataState(state, &seen_, &series_peak_);
}

void AlertingRule::Adopt(const RuleEvaluator& old) {
  const auto& other = static_cast<const AlertingRule&>(old);
  tracker_ = other.tracker_;
  seen_ = other.seen_;
  series_peak_ = other.series_peak_;
  data_state_changed_ = other.data_state_changed_;
}

}  // namespace vigil::alerting
