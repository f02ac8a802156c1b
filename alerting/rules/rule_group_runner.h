// SPDX-License-Identifier: Apache-2.0
//
// A group at work: evaluates its rules in order, writes their samples, tells the sink, keeps the
// state of their alerts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/types/span.h>

#include "alerting/rules/alert_recorder.h"
#include "alerting/rules/group_samples.h"
#include "alerting/rules/input_watch.h"
#include "alerting/rules/rule_engine.h"
#include "alerting/rules/rule_evaluator.h"
#include "alerting/rules/rule_metrics.h"
#include "alerting/rules/rule_schedule.h"
#include "alerting/rules/rule_state_rows.h"
#include "query/exec/common_nodes.h"
#include "query/exec/kept_selections.h"

namespace vigil::alerting {

// A rule and what is known of its evaluations.
struct RunningRule {
  std::unique_ptr<RuleEvaluator> evaluator;
  RuleAddress address;
  RuleOutput output;
  // The last evaluation gave a result, even if its samples could not be written.
  bool evaluated = false;
  absl::Status evaluation;  // How it went, but for the writing.
  RuleHealth health = RuleHealth::kUnknown;
  std::string last_error;
  int64_t last_evaluation_ms = 0;
  double evaluation_seconds = 0;
  InputWatch inputs;
};

// Not thread-safe.
class RuleGroupRunner {
 public:
  using Dependencies = RuleEngine::Dependencies;

  // `options` and what `dependencies` point to must outlive it. InvalidArgument when a rule does
  // not parse.
  static absl::StatusOr<std::unique_ptr<RuleGroupRunner>> Create(RuleGroup group,
                                                                 const RuleEngineOptions& options,
                                                                 const Dependencies& dependencies,
                                                                 int64_t now_ms);

  // Evaluates the latest slot up to `now_ms`; those before it were missed. True if it wrote state.
  // Requires: next_slot_ms() <= now_ms.
  bool Evaluate(int64_t now_ms);

  // Takes over the state that rules of the same name and labels have in `old`. Returns the series
  // of old's other rules, which nobody writes any more.
  std::vector<storage::Labels> Adopt(const RuleGroupRunner& old);

  // Puts back what an earlier process kept and that was last alive at `alive_ms`.
  void Restore(std::vector<RuleAlertRow> rows, int64_t alive_ms, int64_t now_ms);

  // The rows that keep the state of its alerts, as they should be.
  std::vector<std::pair<std::string, std::string>> StateRows() const;

  const RuleGroup& group() const { return group_; }
  const std::string& key() const { return key_; }
  int64_t next_slot_ms() const { return next_slot_ms_; }
  // The slot after `time_ms`.
  int64_t SlotAfter(int64_t time_ms) const { return schedule_.SlotAtOrAfter(time_ms + 1); }
  int64_t interval_ms() const { return schedule_.interval_ms(); }
  int64_t offset_ms() const { return offset_ms_; }
  const std::vector<RunningRule>& rules() const { return rules_; }
  bool HasAlerts() const;
  GroupStatus Status() const;

 private:
  RuleGroupRunner(RuleGroup group, std::string key, const RuleEngineOptions& options,
                  const Dependencies& dependencies);

  void EvaluateRules(int64_t slot_ms);
  void EvaluateRules(int64_t slot_ms, ExprRunner* runner);
  void EvaluateRule(int64_t slot_ms, GroupSamples* samples, RunningRule* rule);
  // Notes how the rule's evaluation went, once its samples are written.
  void Conclude(RunningRule* rule);
  // Looks whether the rules' selectors find series.
  void WatchInputs(int64_t slot_ms);
  // Of alerts that begin to fire.
  void FindEvidence(int64_t slot_ms);

  // rule_group_tell.cc: what is to be told of one alert, or written of it.
  struct News {
    enum class Kind : uint8_t {
      kAlert,
      kForgotten,  // Its row is to go.
      kData,       // What the rule remembers of its data, and no alert.
    };
    Kind kind = Kind::kAlert;
    RunningRule* rule = nullptr;
    TrackedAlert* tracked = nullptr;  // Null for kData.
    bool due = false;                 // The sink is to be told.
    // Of the alert, as they were before it was told.
    int64_t last_sent_at_ms = 0;
    int64_t valid_until_ms = 0;

    // Whether a row is to be written.
    bool unsaved() const { return tracked == nullptr || tracked->unsaved; }
  };
  // Hands alerts to the sink and writes what changed. True if it wrote.
  bool TellAndSave(int64_t slot_ms, int64_t now_ms);
  std::vector<News> CollectNews(int64_t slot_ms);
  // In one write. Whether there was any; what it could not write is as if it had not been told.
  absl::StatusOr<bool> TellAndSave(absl::Span<News> news, int64_t slot_ms, int64_t now_ms);
  // Adds the sink's rows to `batch`; what the sink could not take is as if it had not been told.
  void Tell(absl::Span<News> news, int64_t slot_ms, int64_t now_ms, storage::WriteBatch* batch);
  // As if they had not been told.
  static void TakeBack(absl::Span<News> news);
  Alert MakeAlert(const RunningRule& rule, const TrackedAlert& tracked) const;
  static void AddRow(const News& news, storage::WriteBatch* batch);
  // rule_group_record.cc
  void RecordChange(const News& news, int64_t slot_ms, storage::WriteBatch* batch) const;

  const RuleGroup group_;
  const std::string key_;
  const RuleEngineOptions& options_;
  const Dependencies dependencies_;
  const RuleSchedule schedule_;
  const int64_t offset_ms_;
  const RuleGroupMetrics metrics_;
  InputIndex inputs_;
  size_t next_watched_ = 0;  // The rule whose inputs are looked at next, modulo their number.
  const std::unique_ptr<ExprRunner> own_runner_;  // Null: the engine is asked.
  std::vector<RunningRule> rules_;
  exec::CommonNodes common_;                    // Of the rules' expressions.
  std::unique_ptr<exec::KeptSelections> kept_;  // What they select, from slot to slot.
  int64_t next_slot_ms_ = 0;
  int64_t last_evaluation_ms_ = 0;
  double evaluation_seconds_ = 0;
  int64_t iterations_missed_ = 0;
};

// A change as the recorder is told of it.
AlertEvent MakeAlertEvent(const RuleAddress& address, const TrackedAlert& tracked,
                          AlertChange change, int64_t time_ms);

// "file;group".
std::string GroupKey(const RuleGroup& group);

}  // namespace vigil::alerting
