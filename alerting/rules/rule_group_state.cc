// SPDX-License-Identifier: Apache-2.0
//
// How a group comes by its state: from the group that it replaces, or from an earlier process.
#include <algorithm>
#include <map>

#include "alerting/rules/rule_group_runner.h"
#include "base/log.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

// A process that was down for no more slots than this missed nothing worth mentioning.
constexpr int64_t kSlotsOfShortOutage = 2;

// Moves an alert's beginning so that the time the process was down does not count as time in which
// its condition held.
void ShiftOverOutage(const Rule& rule, const RuleEngineOptions& options, int64_t interval_ms,
                     int64_t alive_ms, int64_t now_ms, ActiveAlert* alert) {
  if (alert->state == AlertState::kInactive || now_ms <= alive_ms) return;
  const int64_t remaining_ms = rule.for_ms - (alive_ms - alert->active_at_ms);
  if (remaining_ms <= 0) return;
  if (rule.for_ms < options.for_grace_period_ms) {
    // Prometheus would let these begin anew; they need not, since their rows say what held.
    if (now_ms - alive_ms > kSlotsOfShortOutage * interval_ms) {
      alert->active_at_ms += now_ms - alive_ms;
    }
  } else if (remaining_ms < options.for_grace_period_ms) {
    // Leave time for the data to come back before it fires.
    alert->active_at_ms = now_ms + options.for_grace_period_ms - rule.for_ms;
  } else {
    alert->active_at_ms += now_ms - alive_ms;
  }
}

}  // namespace

std::vector<storage::Labels> RuleGroupRunner::Adopt(const RuleGroupRunner& old) {
  std::vector<bool> taken(old.rules_.size(), false);
  for (RunningRule& rule : rules_) {
    for (size_t i = 0; i < old.rules_.size(); ++i) {
      const RunningRule& candidate = old.rules_[i];
      if (taken[i] || candidate.address.signature != rule.address.signature) continue;
      taken[i] = true;
      rule.output.series = candidate.output.series;
      rule.health = candidate.health;
      rule.last_error = candidate.last_error;
      rule.last_evaluation_ms = candidate.last_evaluation_ms;
      rule.evaluation_seconds = candidate.evaluation_seconds;
      rule.evaluator->Adopt(*candidate.evaluator);
      if (rule.evaluator->printed_expr() == candidate.evaluator->printed_expr()) {
        rule.inputs = candidate.inputs;
      }
      break;
    }
  }
  last_evaluation_ms_ = old.last_evaluation_ms_;
  evaluation_seconds_ = old.evaluation_seconds_;
  iterations_missed_ = old.iterations_missed_;
  // With the phase unchanged, no slot is evaluated twice.
  if (interval_ms() == old.interval_ms()) next_slot_ms_ = old.next_slot_ms_;
  std::vector<storage::Labels> orphans;
  for (size_t i = 0; i < old.rules_.size(); ++i) {
    if (taken[i]) continue;
    orphans.insert(orphans.end(), old.rules_[i].output.series.begin(),
                   old.rules_[i].output.series.end());
  }
  return orphans;
}

void RuleGroupRunner::Restore(std::vector<RuleAlertRow> rows, int64_t alive_ms, int64_t now_ms) {
  // Rows of one rule of the earlier process, by its place in the group.
  std::map<int, std::vector<RuleAlertRow>> by_index;
  for (RuleAlertRow& row : rows) by_index[row.address.index].push_back(std::move(row));
  for (RunningRule& rule : rules_) {
    AlertTracker* const tracker = rule.evaluator->tracker();
    if (tracker == nullptr) continue;
    const auto match = std::find_if(by_index.begin(), by_index.end(), [&rule](const auto& entry) {
      return entry.second.front().address.signature == rule.address.signature;
    });
    if (match == by_index.end()) continue;
    for (RuleAlertRow& row : match->second) {
      if (row.data_state.has_value()) {
        const absl::Status restored = rule.evaluator->RestoreDataState(*row.data_state);
        if (!restored.ok()) {
          Log(LogLevel::kError, "what a rule knew of its data is not readable",
              {{"rule", row.address.name}, {"error", MessageOf(restored)}});
        }
        continue;
      }
      ShiftOverOutage(rule.evaluator->rule(), options_, interval_ms(), alive_ms, now_ms,
                      &row.alert.alert);
      // Its series were written then, and end when it does.
      for (auto& sample : rule.evaluator->AlertSamples(row.alert.alert, now_ms)) {
        rule.output.series.insert(std::move(sample.labels));
      }
      tracker->Restore(std::move(row.alert));
    }
    by_index.erase(match);
  }
}

std::vector<std::pair<std::string, std::string>> RuleGroupRunner::StateRows() const {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const RunningRule& rule : rules_) {
    const AlertTracker* const tracker = rule.evaluator->tracker();
    if (tracker == nullptr) continue;
    for (const auto& [labels, tracked] : tracker->alerts()) {
      rows.emplace_back(RuleAlertKey(rule.address, labels), EncodeRuleAlert(rule.address, tracked));
    }
    const std::string state = rule.evaluator->DataState();
    if (!state.empty()) {
      rows.emplace_back(RuleDataKey(rule.address), EncodeRuleData(rule.address, state));
    }
  }
  return rows;
}

}  // namespace vigil::alerting
