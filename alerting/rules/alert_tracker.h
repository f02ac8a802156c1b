// SPDX-License-Identifier: Apache-2.0
//
// The state machine of an alerting rule: pending, firing, resolved. Knows neither PromQL nor time
// but for the instants it is told.
//
//   absent ---present---> pending ---present for `for`---> firing ---absent---> inactive (resolved)
//            pending ---absent---> forgotten      inactive ---15 minutes---> forgotten
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include <absl/status/status.h>

#include "alerting/rules/rule_engine.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

struct AlertPolicy {
  int64_t for_ms = 0;
  int64_t keep_firing_for_ms = 0;
  int64_t limit = 0;  // 0: none.
};

// An element of the rule's result, worded as an alert.
struct AlertCandidate {
  storage::Labels labels;
  storage::Labels annotations;
  double value = 0;
};

struct TrackedAlert {
  // kInactive means resolved: kept for a while so that the resolution is not lost.
  ActiveAlert alert;
  int64_t resolved_at_ms = 0;  // 0 unless resolved.
  int64_t last_sent_at_ms = 0;
  int64_t valid_until_ms = 0;
  // It changed in a way that a restart must not undo since it was stored last.
  bool unsaved = true;
};

// Resolved alerts are sent again for so long.
inline constexpr int64_t kResolvedRetentionMs = 15 * 60 * 1000;

// A value type; not thread-safe.
class AlertTracker {
 public:
  using AlertMap = std::map<storage::Labels, TrackedAlert>;

  // Takes the result of the evaluation at `time_ms` in. FailedPrecondition when two elements have
  // the same labels (nothing changes then). ResourceExhausted when more alerts are active than the
  // limit allows; all are forgotten then.
  absl::Status Update(const AlertPolicy& policy, std::vector<AlertCandidate> candidates,
                      int64_t time_ms);

  // Puts an alert back that an earlier run kept.
  void Restore(TrackedAlert alert);

  // Alerts that the sink is to be told about at `time_ms`. Pointers last until the next Update.
  std::vector<TrackedAlert*> DueForSending(int64_t time_ms, int64_t resend_delay_ms);

  AlertMap& alerts() { return alerts_; }
  const AlertMap& alerts() const { return alerts_; }
  // The labels of alerts that were forgotten; the owner clears it when their rows are gone.
  std::vector<storage::Labels>& forgotten() { return forgotten_; }

 private:
  // Creates, replaces and updates alerts by what is there.
  void TakeIn(std::vector<AlertCandidate> candidates, int64_t time_ms);
  // Moves one alert on. False if it is to be forgotten.
  static bool Advance(const AlertPolicy& policy, int64_t time_ms, bool present,
                      TrackedAlert* tracked);
  static bool AdvanceAbsent(const AlertPolicy& policy, int64_t time_ms, TrackedAlert* tracked);
  static void AdvanceActive(const AlertPolicy& policy, int64_t time_ms, TrackedAlert* tracked);

  AlertMap alerts_;
  std::vector<storage::Labels> forgotten_;
};

}  // namespace vigil::alerting
