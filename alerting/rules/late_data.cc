// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/late_data.h"

#include <bit>
#include <utility>

namespace vigil::alerting {
namespace {

bool SameNumber(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

// Resolves an alert that, as is known now, should not have fired.
void Withdraw(int64_t time_ms, TrackedAlert* live) {
  live->alert.state = AlertState::kInactive;
  live->alert.reason = AlertReason::kLateData;
  live->alert.reason_since_ms = time_ms;
  live->resolved_at_ms = time_ms;
  live->unsaved = true;
}

// Both know the alert.
void ReconcileOne(const TrackedAlert& replayed, int64_t time_ms, TrackedAlert* live) {
  const AlertState was = live->alert.state;
  const AlertState is = replayed.alert.state;
  if (was == AlertState::kFiring && is != AlertState::kFiring) return Withdraw(time_ms, live);
  if (was == AlertState::kInactive && is == AlertState::kInactive) return;
  const bool same = was == is && live->alert.active_at_ms == replayed.alert.active_at_ms &&
                    live->alert.fired_at_ms == replayed.alert.fired_at_ms;
  if (same) return;
  const TrackedAlert before = std::exchange(*live, replayed);
  live->unsaved = true;
  // One that is reopened, or fires only now, is told at once.
  live->last_sent_at_ms = was == is ? before.last_sent_at_ms : 0;
  live->valid_until_ms = was == is ? before.valid_until_ms : 0;
}

}  // namespace

void LateData::Add(int64_t time_ms, std::vector<Measurement> measured, const AlertTracker& before,
                   int64_t window_ms) {
  while (!slots_.empty() && slots_.front().time_ms < time_ms - window_ms) slots_.pop_front();
  slots_.push_back({time_ms, std::move(measured), before, time_ms});
}

std::vector<LateData::Slot*> LateData::Due(int64_t time_ms, int64_t window_ms) {
  std::vector<Slot*> due;
  // If evaluations come as they did, the next one is so far away.
  const int64_t step_ms = slots_.size() < 2 ? 0 : time_ms - slots_[slots_.size() - 2].time_ms;
  for (Slot& slot : slots_) {
    const int64_t age_ms = time_ms - slot.time_ms;
    const int64_t age_at_look_ms = slot.looked_at_ms - slot.time_ms;
    const bool leaves = age_ms + step_ms > window_ms;
    if (age_ms == 0 || (age_ms < 2 * age_at_look_ms && !leaves)) continue;
    slot.looked_at_ms = time_ms;
    due.push_back(&slot);
  }
  return due;
}

bool SameMeasurements(const std::vector<Measurement>& a, const std::vector<Measurement>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].labels != b[i].labels || !SameNumber(a[i].value, b[i].value) ||
        !SameNumber(a[i].events, b[i].events) ||
        (a[i].histogram == nullptr) != (b[i].histogram == nullptr)) {
      return false;
    }
  }
  return true;
}

void Reconcile(AlertTracker replayed, int64_t time_ms, AlertTracker* live) {
  for (auto entry = live->alerts().begin(); entry != live->alerts().end();) {
    const auto found = replayed.alerts().find(entry->first);
    TrackedAlert& tracked = entry->second;
    if (found != replayed.alerts().end()) {
      ReconcileOne(found->second, time_ms, &tracked);
      replayed.alerts().erase(found);
    } else if (tracked.alert.state == AlertState::kPending) {
      live->forgotten().push_back(tracked);
      entry = live->alerts().erase(entry);
      continue;
    } else if (tracked.alert.state == AlertState::kFiring || tracked.resolved_at_ms == time_ms) {
      Withdraw(time_ms, &tracked);
    }
    ++entry;
  }
  for (auto& [labels, tracked] : replayed.alerts()) {
    tracked.unsaved = true;
    tracked.last_sent_at_ms = 0;
    live->alerts().emplace(labels, std::move(tracked));
  }
}

}  // namespace vigil::alerting
