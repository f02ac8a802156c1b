// SPDX-License-Identifier: Apache-2.0
//
// An alerting rule: measures, judges by its levels and by what missing data mean, and writes the
// series ALERTS and ALERTS_FOR_STATE about its alerts.
//
//   expression -> measurements -> levels -> candidates -> data policy -> state machine
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alerting/rules/alert_wording.h"
#include "alerting/rules/data_policy.h"
#include "alerting/rules/late_data.h"
#include "alerting/rules/levels.h"
#include "alerting/rules/ratio_measure.h"
#include "alerting/rules/rule_evaluator.h"
#include "alerting/rules/series_count.h"

namespace vigil::alerting {

class AlertingRule final : public RuleEvaluator {
 public:
  // InvalidArgument when a template or expression does not parse.
  static absl::StatusOr<std::unique_ptr<RuleEvaluator>> Create(const Rule& rule,
                                                               promql::ExprPtr expr);

  absl::StatusOr<std::vector<storage::LabeledSample>> Evaluate(
      const RuleEvaluation& evaluation) override;
  AlertTracker* tracker() override { return &tracker_; }
  std::vector<storage::LabeledSample> AlertSamples(const ActiveAlert& alert,
                                                   int64_t time_ms) const override;

  std::string DataState() const override;
  bool DataStateChanged() const override { return data_state_changed_; }
  void DataStateSaved() override { data_state_changed_ = false; }
  absl::Status RestoreDataState(std::string_view state) override;
  void Adopt(const RuleEvaluator& old) override;
  std::vector<const promql::Expr*> exprs() const override {
    return ratio_.has_value() ? ratio_->exprs() : RuleEvaluator::exprs();
  }

 private:
  // What is known of the data at one time; asked for only when it matters.
  struct Presence {
    bool asked = false;
    std::optional<PresentSeries> series;  // None if there is no telling.
  };

  AlertingRule(const Rule& rule, promql::ExprPtr expr, AlertWording wording)
      : RuleEvaluator(rule, std::move(expr)), wording_(std::move(wording)) {}

  const RuleExtensions& extensions() const { return rule().extensions; }
  const Level* MildestLevel() const;

  absl::StatusOr<std::vector<Measurement>> Measure(const RuleEvaluation& evaluation) const;
  // Takes in what was measured at one time.
  absl::Status Judge(const RuleEvaluation& evaluation, const std::vector<Measurement>& measured);
  // The same, and looks again at evaluations before that for which data may have come late.
  absl::Status JudgeWithLateData(const RuleEvaluation& evaluation,
                                 std::vector<Measurement> measured);
  // Whether the evaluation in `slot` would see other samples now; it is as it would see them then.
  bool MeasureAgain(const RuleEvaluation& evaluation, LateData::Slot* slot) const;
  // Judges all remembered evaluations anew.
  absl::Status Replay(const RuleEvaluation& evaluation);
  std::vector<AlertCandidate> Candidates(const RuleEvaluation& evaluation,
                                         const AlertPolicy& policy,
                                         const std::vector<Measurement>& measured,
                                         AlertWriter* writer) const;
  bool HeldLevel(const storage::Labels& alert_labels) const;

  const std::optional<PresentSeries>& AskPresence(const RuleEvaluation& evaluation,
                                                  const std::vector<Measurement>& measured,
                                                  AlertWriter* writer, Presence* presence);
  absl::StatusOr<std::vector<Measurement>> MeasurePresence(const RuleEvaluation& evaluation);
  // Adds candidates that keep alerts whose data are missing.
  void HoldWithoutData(int64_t time_ms, const PresentSeries& present, const AlertWriter& writer,
                       std::vector<AlertCandidate>* candidates) const;
  void HoldAllAbsent(std::vector<AlertCandidate>* candidates) const;
  // Adds candidates for label sets whose data went missing while there was no alert.
  void BeginWithoutData(int64_t time_ms, const PresentSeries& present, AlertWriter* writer,
                        std::vector<AlertCandidate>* candidates);
  // All that the data policies add.
  absl::Status ApplyDataPolicies(const RuleEvaluation& evaluation,
                                 const std::vector<Measurement>& measured, AlertWriter* writer,
                                 Presence* presence, std::vector<AlertCandidate>* candidates);
  // Tells the alerts that were resolved just now because data are gone from the others.
  void ExplainResolved(int64_t time_ms, const AlertWriter& writer,
                       const std::optional<PresentSeries>& present);
  // Whether fewer series are there than used to be.
  absl::StatusOr<bool> IsPartial(const RuleEvaluation& evaluation);
  // Active alerts that are not among `candidates`, and whose data said nothing against them yet.
  std::vector<const ActiveAlert*> AbsentAlerts(const std::vector<AlertCandidate>& candidates) const;

  const AlertWording wording_;
  std::optional<RatioMeasure> ratio_;        // Set once, in Create,
  std::optional<SeriesCount> series_count_;  // as is this; it counts for partial data.
  AlertTracker tracker_;
  SeenSeries seen_;
  SeriesPeak series_peak_;
  bool data_state_changed_ = false;
  LateData late_data_;
  // The expression that tells whether data are there, made when it is first needed.
  bool has_presence_expr_ = false;
  promql::ExprPtr presence_expr_;  // Null: there is no telling.
  std::string presence_text_;
};

}  // namespace vigil::alerting
