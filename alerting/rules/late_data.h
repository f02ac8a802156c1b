// SPDX-License-Identifier: Apache-2.0
//
// What a rule measured at its last evaluations, so that they can be looked at again when samples
// have come late, and the alerts as they were before the oldest of them.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "alerting/rules/alert_tracker.h"
#include "alerting/rules/levels.h"

namespace vigil::alerting {

// Not thread-safe.
class LateData {
 public:
  struct Slot {
    int64_t time_ms = 0;
    std::vector<Measurement> measured;
    AlertTracker before;       // The alerts as they were when it was judged.
    int64_t looked_at_ms = 0;  // Last.
  };

  // Remembers an evaluation. Those more than `window_ms` before it are settled and leave.
  void Add(int64_t time_ms, std::vector<Measurement> measured, const AlertTracker& before,
           int64_t window_ms);

  // The slots to look at again at `time_ms`: each when its age has doubled since the last time, so
  // that what comes a little late is noticed soon, and each slot costs but a few more evaluations.
  std::vector<Slot*> Due(int64_t time_ms, int64_t window_ms);

  std::deque<Slot>& slots() { return slots_; }

 private:
  std::deque<Slot> slots_;  // Times ascend.
};

// Whether two evaluations saw the same.
bool SameMeasurements(const std::vector<Measurement>& a, const std::vector<Measurement>& b);

// Makes `live` what `replayed` says it had been, had all data come in time: the same states and
// times, but what the sink was told stays known. Alerts that fire and should not are resolved at
// `time_ms`, because of late data.
void Reconcile(AlertTracker replayed, int64_t time_ms, AlertTracker* live);

}  // namespace vigil::alerting
