// SPDX-License-Identifier: Apache-2.0
//
// What else there is to know of the alerts of a group: how they changed since their rows were
// written last, which the recorder is told, and their evidence.
#include <memory>
#include <utility>

#include "alerting/evidence.h"
#include "alerting/rules/alert_recorder.h"
#include "alerting/rules/rule_group_runner.h"
#include "base/clock.h"

namespace vigil::alerting {
namespace {

// When many alerts fire at once, the first will do: telling of them must not wait for the others'.
constexpr size_t kMaxSearches = 100;
constexpr int64_t kMaxSearchNs = 50 * kNanosPerMilli;

AlertChange ChangeTo(AlertState state) {
  switch (state) {
    case AlertState::kInactive:
      return AlertChange::kResolved;
    case AlertState::kPending:
      return AlertChange::kPending;
    case AlertState::kFiring:
      return AlertChange::kFiring;
  }
  return AlertChange::kResolved;
}

int64_t TimeOfChange(const TrackedAlert& tracked, int64_t slot_ms) {
  switch (tracked.alert.state) {
    case AlertState::kInactive:
      return tracked.resolved_at_ms;
    case AlertState::kPending:
      // An alert may be pending once more because its rule's `for` was raised.
      return tracked.recorded.has_value() ? slot_ms : tracked.alert.active_at_ms;
    case AlertState::kFiring:
      return tracked.alert.fired_at_ms;
  }
  return slot_ms;
}

}  // namespace

AlertEvent MakeAlertEvent(const RuleAddress& address, const TrackedAlert& tracked,
                          AlertChange change, int64_t time_ms) {
  const ActiveAlert& alert = tracked.alert;
  AlertEvent event;
  event.time_ms = time_ms;
  event.change = change;
  event.reason = AlertReasonName(alert.reason);
  event.group_key = address.group_key;
  event.rule = address.name;
  event.labels = alert.labels;
  event.annotations = alert.annotations;
  event.value = alert.value;
  event.active_at_ms = alert.active_at_ms;
  event.fired_at_ms = alert.fired_at_ms;
  event.evidence = alert.evidence;
  return event;
}

void RuleGroupRunner::FindEvidence(int64_t slot_ms) {
  if (dependencies_.evidence == nullptr) return;
  const int64_t start_ns = MonotonicNs();
  size_t searches = 0;
  for (RunningRule& rule : rules_) {
    AlertTracker* const tracker = rule.evaluator->tracker();
    if (tracker == nullptr) continue;
    const RuleEvaluator& evaluator = *rule.evaluator;
    std::shared_ptr<const Evidence> bare;  // Shared by those that are not searched for.
    for (auto& [labels, tracked] : tracker->alerts()) {
      ActiveAlert& alert = tracked.alert;
      if (alert.state != AlertState::kFiring || alert.evidence != nullptr) continue;
      const bool search = alert.fired_at_ms == slot_ms && searches < kMaxSearches &&
                          MonotonicNs() - start_ns < kMaxSearchNs;
      searches += search ? 1 : 0;
      if (!search && bare == nullptr) {
        bare = std::make_shared<const Evidence>(
            EvidenceFinder::WithoutTraces(evaluator.expr(), evaluator.rule().expr));
      }
      alert.evidence = search ? std::make_shared<const Evidence>(dependencies_.evidence->Find(
                                    {.expr = evaluator.expr(),
                                     .query = evaluator.rule().expr,
                                     .labels = labels,
                                     .rule_labels = evaluator.rule().labels,
                                     .time_ms = slot_ms - offset_ms_}))
                              : bare;
    }
  }
}

void RuleGroupRunner::RecordChange(const News& news, int64_t slot_ms,
                                   storage::WriteBatch* batch) const {
  if (dependencies_.recorder == nullptr || news.kind == News::Kind::kData) return;
  const TrackedAlert& tracked = *news.tracked;
  const AlertState state = tracked.alert.state;
  // One that ends in the evaluation in which too many fire is resolved before all are forgotten.
  const bool has_ended = state == AlertState::kInactive;
  if (news.kind == News::Kind::kForgotten && !has_ended) {
    AlertEvent event =
        MakeAlertEvent(news.rule->address, tracked, AlertChange::kForgotten, slot_ms);
    // Of firing alerts only those are forgotten that are too many.
    if (state == AlertState::kFiring) event.reason = "limit exceeded";
    dependencies_.recorder->Record(std::move(event), batch);
  } else if (tracked.unsaved && tracked.recorded != state) {
    dependencies_.recorder->Record(MakeAlertEvent(news.rule->address, tracked, ChangeTo(state),
                                                  TimeOfChange(tracked, slot_ms)),
                                   batch);
  }
}

}  // namespace vigil::alerting
