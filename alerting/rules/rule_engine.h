// SPDX-License-Identifier: Apache-2.0
//
// The rule engine: evaluates groups of recording and alerting rules when they are due. Passive and
// on an injected time: whoever drives it (the server's loop, a test, a backtest) says what time it
// is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "alerting/alert.h"
#include "alerting/rules/input_status.h"
#include "alerting/rules/rule_file.h"
#include "query/exec/engine.h"
#include "storage/storage.h"

namespace vigil {
class ThreadPool;
}

namespace vigil::alerting {

class AlertRecorder;
class EvidenceFinder;
class ExprRunner;

struct RuleEngineOptions {
  int64_t default_interval_ms = 60'000;
  int64_t query_offset_ms = 0;
  int64_t for_outage_tolerance_ms = 3'600'000;
  int64_t for_grace_period_ms = 600'000;
  int64_t resend_delay_ms = 60'000;
  storage::Labels external_labels;
  std::string external_url;
  // Whether rules whose selectors find no series are to be told (RuleStatus::inputs).
  bool watch_inputs = false;
  // It is only found out what would happen: no log, self-metrics under a name of their own, and
  // annotations are worded only where an alert begins or fires.
  bool rehearsal = false;
  // Whether ALERTS and ALERTS_FOR_STATE are written.
  bool alert_series = true;
  // The slots of all groups are at k * interval + phase_ms; unset, names spread them.
  std::optional<int64_t> phase_ms;
};

enum class AlertState : uint8_t { kInactive, kPending, kFiring };
std::string_view AlertStateName(AlertState state);

// What an alert's state rests on where it is not the data of that time.
enum class AlertReason : uint8_t {
  kNone,         // The condition holds.
  kNoData,       // Active though, or resolved because, data are gone.
  kPartialData,  // Active because not all data are there.
  kRecovered,    // Resolved because the condition does not hold any more.
  kLateData,     // Resolved because data that came late say that it should not have fired.
};
// "", "no_data", "partial_data", "recovered", "late_data".
std::string_view AlertReasonName(AlertReason reason);

// A pending or firing alert.
struct ActiveAlert {
  AlertState state = AlertState::kInactive;
  storage::Labels labels;
  storage::Labels annotations;
  double value = 0;
  int64_t active_at_ms = 0;
  int64_t fired_at_ms = 0;  // 0 while pending.
  int64_t keep_firing_since_ms = 0;
  AlertReason reason = AlertReason::kNone;
  int64_t reason_since_ms = 0;               // 0 while there is none.
  std::shared_ptr<const Evidence> evidence;  // Once it fires, if it is looked for.
};

enum class RuleHealth : uint8_t { kUnknown, kOk, kError };
// "unknown", "ok" or "err", as Prometheus says.
std::string_view RuleHealthName(RuleHealth health);

struct RuleStatus {
  Rule rule;
  RuleHealth health = RuleHealth::kUnknown;
  std::string last_error;
  int64_t last_evaluation_ms = 0;
  double evaluation_seconds = 0;
  InputStatus inputs;
  std::vector<ActiveAlert> alerts;  // Alerting rules only.
};

struct GroupStatus {
  std::string name;
  std::string file;
  int64_t interval_ms = 0;
  int64_t query_offset_ms = 0;
  int64_t limit = 0;               // Of series or alerts of a rule; 0: none.
  int64_t last_evaluation_ms = 0;  // 0 before the first.
  double evaluation_seconds = 0;
  int64_t iterations_missed = 0;
  std::vector<RuleStatus> rules;
};

// Thread-safe: one driver calls RunDue, others ask for status or load.
class RuleEngine {
 public:
  // What it works with; all must outlive it. `sink` may be null: nobody is told. So may `recorder`.
  struct Dependencies {
    const exec::Engine* engine = nullptr;
    storage::MetricSource* source = nullptr;
    storage::MetricSink* output = nullptr;
    storage::KeyValueStore* state = nullptr;
    AlertSink* sink = nullptr;
    // Evaluate groups side by side, so that one that takes long delays none but itself. Null:
    // RunDue does, one after the other.
    ThreadPool* workers = nullptr;
    // Called by a worker when it has evaluated a group: the sink may have news.
    std::function<void()> evaluated;
    AlertRecorder* recorder = nullptr;
    // Null: no evidence is looked for.
    const EvidenceFinder* evidence = nullptr;
    // Makes what runs the expressions of a group, slot after slot. Unset: the engine is asked.
    std::function<std::unique_ptr<ExprRunner>(const RuleGroup&)> make_runner;
  };

  // `now_ms` fixes the first slots. Restores the state of alerts from Dependencies::state.
  static absl::StatusOr<std::unique_ptr<RuleEngine>> Create(const RuleEngineOptions& options,
                                                            const Dependencies& dependencies);
  virtual ~RuleEngine() = default;

  // Replaces all groups. Groups that did not change keep their state.
  virtual absl::Status SetGroups(std::vector<RuleGroup> groups, int64_t now_ms) = 0;

  // Evaluates every group whose slot has come, each at its slot's time; with workers it has them
  // begin and does not wait. Returns when the next is due (Unix ms), INT64_MAX if there are no
  // groups.
  virtual int64_t RunDue(int64_t now_ms) = 0;

  virtual std::vector<GroupStatus> Status() const = 0;
};

}  // namespace vigil::alerting
