// SPDX-License-Identifier: Apache-2.0
//
// What an alerting rule makes of data that come late: it finds out what its alerts would be, had
// they come in time, by the same steps.
#include <utility>

#include "alerting/rules/alerting_rule.h"
#include "base/status.h"

namespace vigil::alerting {

absl::Status AlertingRule::JudgeWithLateData(const RuleEvaluation& evaluation,
                                             std::vector<Measurement> measured) {
  const int64_t window_ms = extensions().late_data_ms;
  late_data_.Add(evaluation.time_ms, std::move(measured), tracker_, window_ms);
  VIGIL_RETURN_IF_ERROR(Judge(evaluation, late_data_.slots().back().measured));
  bool changed = false;
  for (LateData::Slot* const slot : late_data_.Due(evaluation.time_ms, window_ms)) {
    changed |= MeasureAgain(evaluation, slot);
  }
  if (!changed) return absl::OkStatus();
  // What is late for one is late for its neighbours.
  for (LateData::Slot& slot : late_data_.slots()) MeasureAgain(evaluation, &slot);
  return Replay(evaluation);
}

bool AlertingRule::MeasureAgain(const RuleEvaluation& evaluation, LateData::Slot* slot) const {
  RuleEvaluation past = evaluation;
  past.time_ms = slot->time_ms;
  absl::StatusOr<std::vector<Measurement>> again = Measure(past);
  // The evaluation itself went well; what is past gets another look or stays what it was.
  if (!again.ok() || SameMeasurements(*again, slot->measured)) return false;
  slot->measured = *std::move(again);
  return true;
}

absl::Status AlertingRule::Replay(const RuleEvaluation& evaluation) {
  AlertTracker live = std::move(tracker_);
  const SeenSeries seen = seen_;
  const SeriesPeak series_peak = series_peak_;
  tracker_ = late_data_.slots().front().before;
  absl::Status status;
  for (LateData::Slot& slot : late_data_.slots()) {
    slot.before = tracker_;
    RuleEvaluation past = evaluation;
    past.time_ms = slot.time_ms;
    status = Judge(past, slot.measured);
    if (!status.ok()) break;
  }
  // What is remembered of the data is as of now.
  seen_ = seen;
  series_peak_ = series_peak;
  if (status.ok()) Reconcile(std::move(tracker_), evaluation.time_ms, &live);
  tracker_ = std::move(live);
  return status;
}

}  // namespace vigil::alerting
