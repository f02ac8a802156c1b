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
#include <optional>
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
  // What there is to go by.
  enum class Basis : uint8_t {
    kData,    // The condition holds.
    kNoData,  // It counts as holding though nothing is known.
    kHeld,    // Nothing new: the alert stays what it is, a pending one pending.
  };
  storage::Labels labels;
  storage::Labels annotations;  // Of kData and of new alerts only, as is the value.
  double value = 0;
  Basis basis = Basis::kData;
  AlertReason reason = AlertReason::kNone;
  bool worded = true;  // Whether the annotations are there; if not, the alert keeps those it has.
};

struct TrackedAlert {
  // kInactive means resolved: kept for a while so that the resolution is not lost.
  ActiveAlert alert;
  int64_t resolved_at_ms = 0;  // 0 unless resolved.
  int64_t last_sent_at_ms = 0;
  int64_t valid_until_ms = 0;
  // It changed in a way that a restart must not undo since it was stored last.
  bool unsaved = true;
  // The state that the recorder knows of.
  std::optional<AlertState> recorded;
};

// Whether the sink is to be told of it at `time_ms`.
bool IsDueForSending(const TrackedAlert& tracked, int64_t time_ms, int64_t resend_delay_ms);

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

  // Says why an alert that was resolved just now was; kRecovered unless told otherwise.
  void SetReason(const storage::Labels& labels, AlertReason reason);
  // Whether an element with these labels would begin an alert or make it fire at `time_ms`.
  bool IsNews(const AlertPolicy& policy, const storage::Labels& labels, int64_t time_ms) const;

  // Puts an alert back that an earlier run kept.
  void Restore(TrackedAlert alert);

  AlertMap& alerts() { return alerts_; }
  const AlertMap& alerts() const { return alerts_; }
  // Alerts that were forgotten, as they were; the owner clears it when their rows are gone.
  std::vector<TrackedAlert>& forgotten() { return forgotten_; }

 private:
  // Creates, replaces and updates alerts by what is there.
  void TakeIn(std::vector<AlertCandidate> candidates, int64_t time_ms);
  // Moves one alert on. False if it is to be forgotten.
  static bool Advance(const AlertPolicy& policy, int64_t time_ms, AlertCandidate::Basis basis,
                      TrackedAlert* tracked);
  static bool AdvanceAbsent(const AlertPolicy& policy, int64_t time_ms, TrackedAlert* tracked);
  static void ChangeReason(AlertReason reason, int64_t time_ms, TrackedAlert* tracked);
  static void AdvanceActive(const AlertPolicy& policy, int64_t time_ms, TrackedAlert* tracked);

  AlertMap alerts_;
  std::vector<TrackedAlert> forgotten_;
};

}  // namespace vigil::alerting
