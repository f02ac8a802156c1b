// SPDX-License-Identifier: Apache-2.0
//
// The second half of a group's evaluation: alerts to the sink, and everything that changed into one
// write.
#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "alerting/rules/rule_group_runner.h"
#include "alerting/template/builtins.h"
#include "base/log.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

using storage::Family;
using storage::WriteBatch;

// An alert counts as over when so many rounds of sending brought nothing of it.
constexpr int64_t kRoundsUntilOver = 4;

std::string GeneratorUrl(std::string_view external_url, std::string_view expr) {
  while (external_url.ends_with('/')) external_url.remove_suffix(1);
  return fmt::format("{}/graph?g0.expr={}&g0.tab=1", external_url,
                     text_template::QueryEscape(expr));
}

}  // namespace

Alert RuleGroupRunner::MakeAlert(const RunningRule& rule, const TrackedAlert& tracked) const {
  storage::LabelsBuilder labels(options_.external_labels);
  for (const storage::LabelView& label : tracked.alert.labels) labels.Set(label.name, label.value);
  const bool resolved = tracked.alert.state == AlertState::kInactive;
  Alert alert;
  alert.labels = labels.Build();
  alert.annotations = tracked.alert.annotations;
  alert.starts_at_ms = tracked.alert.fired_at_ms;
  alert.ends_at_ms = resolved ? tracked.resolved_at_ms : tracked.valid_until_ms;
  alert.reason = AlertReasonName(tracked.alert.reason);
  alert.value = tracked.alert.value;
  alert.evidence = tracked.alert.evidence;
  alert.generator_url = GeneratorUrl(options_.external_url, rule.evaluator->printed_expr());
  return alert;
}

std::vector<RuleGroupRunner::Telling> RuleGroupRunner::Tell(int64_t slot_ms, int64_t now_ms,
                                                            WriteBatch* batch) {
  std::vector<Telling> tellings;
  std::vector<Alert> alerts;
  const int64_t valid_until_ms =
      slot_ms + kRoundsUntilOver * std::max(interval_ms(), options_.resend_delay_ms);
  for (const RunningRule& rule : rules_) {
    AlertTracker* const tracker = rule.evaluator->tracker();
    if (tracker == nullptr || !rule.evaluated) continue;
    for (TrackedAlert* const tracked : tracker->DueForSending(slot_ms, options_.resend_delay_ms)) {
      tellings.push_back({tracked, tracked->last_sent_at_ms, tracked->valid_until_ms});
      tracked->last_sent_at_ms = slot_ms;
      tracked->valid_until_ms = valid_until_ms;
      alerts.push_back(MakeAlert(rule, *tracked));
    }
  }
  if (alerts.empty()) return tellings;
  const absl::Status status = dependencies_.sink->Receive(alerts, now_ms, batch);
  // Refused alerts are mentioned, but sending them again would not make them better.
  if (!status.ok()) {
    AlertSendFailuresCounter().Add();
    Log(LogLevel::kWarning, "alerts were not taken",
        {{"group", key_}, {"error", MessageOf(status)}});
  }
  if (status.ok() || absl::IsInvalidArgument(status)) {
    if (!options_.rehearsal) AlertsSentCounter().Add(static_cast<int64_t>(alerts.size()));
    return tellings;
  }
  batch->Clear();
  for (const Telling& telling : tellings) {
    telling.tracked->last_sent_at_ms = telling.last_sent_at_ms;
    telling.tracked->valid_until_ms = telling.valid_until_ms;
  }
  return {};
}

bool RuleGroupRunner::TellAndSave(int64_t slot_ms, int64_t now_ms) {
  FindEvidence(slot_ms);
  WriteBatch batch;
  std::vector<Telling> tellings;
  if (dependencies_.sink != nullptr) tellings = Tell(slot_ms, now_ms, &batch);
  const size_t sink_rows = batch.entries().size();
  AddStateRows(&batch);
  const bool changed = batch.entries().size() > sink_rows;
  if (changed) RecordChanges(slot_ms, &batch);
  if (batch.empty()) return false;
  // A resend alone is no news: should it get lost, the next one makes up for it.
  const auto durability = changed ? storage::Durability::kSync : storage::Durability::kNoSync;
  batch.Put(Family::kState, std::string(kRuleAliveKey), EncodeRuleAlive(now_ms));
  const absl::Status written = dependencies_.state->Write(batch, durability);
  if (written.ok()) {
    MarkSaved();
    return true;
  }
  RuleStateFailuresCounter().Add();
  Log(LogLevel::kError, "alert state could not be written",
      {{"group", key_}, {"error", MessageOf(written)}});
  for (const Telling& telling : tellings) {
    telling.tracked->last_sent_at_ms = telling.last_sent_at_ms;
    telling.tracked->valid_until_ms = telling.valid_until_ms;
  }
  return false;
}

void RuleGroupRunner::AddStateRows(WriteBatch* batch) const {
  for (const RunningRule& rule : rules_) {
    AlertTracker* const tracker = rule.evaluator->tracker();
    if (tracker == nullptr) continue;
    for (const TrackedAlert& tracked : tracker->forgotten()) {
      batch->Delete(Family::kState, RuleAlertKey(rule.address, tracked.alert.labels));
    }
    for (const auto& [labels, tracked] : tracker->alerts()) {
      if (!tracked.unsaved) continue;
      batch->Put(Family::kState, RuleAlertKey(rule.address, labels),
                 EncodeRuleAlert(rule.address, tracked));
    }
    if (rule.evaluator->DataStateChanged()) {
      batch->Put(Family::kState, RuleDataKey(rule.address),
                 EncodeRuleData(rule.address, rule.evaluator->DataState()));
    }
  }
}

void RuleGroupRunner::MarkSaved() {
  for (RunningRule& rule : rules_) {
    AlertTracker* const tracker = rule.evaluator->tracker();
    if (tracker == nullptr) continue;
    tracker->forgotten().clear();
    for (auto& [labels, tracked] : tracker->alerts()) {
      tracked.unsaved = false;
      tracked.recorded = tracked.alert.state;
    }
    rule.evaluator->DataStateSaved();
  }
}

}  // namespace vigil::alerting
