// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/alert_tracker.h"

#include <utility>

#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>

namespace vigil::alerting {

std::string_view AlertStateName(AlertState state) {
  switch (state) {
    case AlertState::kInactive:
      return "inactive";
    case AlertState::kPending:
      return "pending";
    case AlertState::kFiring:
      return "firing";
  }
  return "inactive";
}

std::string_view AlertReasonName(AlertReason reason) {
  switch (reason) {
    case AlertReason::kNone:
      return "";
    case AlertReason::kNoData:
      return "no_data";
    case AlertReason::kPartialData:
      return "partial_data";
    case AlertReason::kRecovered:
      return "recovered";
    case AlertReason::kLateData:
      return "late_data";
  }
  return "";
}

bool IsDueForSending(const TrackedAlert& tracked, int64_t time_ms, int64_t resend_delay_ms) {
  if (tracked.alert.state == AlertState::kPending) return false;
  return tracked.resolved_at_ms > tracked.last_sent_at_ms ||
         tracked.last_sent_at_ms + resend_delay_ms < time_ms;
}

absl::Status AlertTracker::Update(const AlertPolicy& policy, std::vector<AlertCandidate> candidates,
                                  int64_t time_ms) {
  absl::flat_hash_map<storage::Labels, AlertCandidate::Basis> present;
  for (const AlertCandidate& candidate : candidates) {
    if (present.emplace(candidate.labels, candidate.basis).second) continue;
    return absl::FailedPreconditionError(
        "vector contains metrics with the same labelset after applying alert labels");
  }
  TakeIn(std::move(candidates), time_ms);
  int64_t active = 0;
  for (auto entry = alerts_.begin(); entry != alerts_.end();) {
    TrackedAlert& tracked = entry->second;
    const auto found = present.find(entry->first);
    const bool kept = found != present.end() ? Advance(policy, time_ms, found->second, &tracked)
                                             : AdvanceAbsent(policy, time_ms, &tracked);
    if (kept) {
      if (tracked.alert.state != AlertState::kInactive) ++active;
      ++entry;
    } else {
      forgotten_.push_back(std::move(tracked));
      entry = alerts_.erase(entry);
    }
  }
  if (policy.limit == 0 || active <= policy.limit) return absl::OkStatus();
  for (auto& [labels, tracked] : alerts_) forgotten_.push_back(std::move(tracked));
  alerts_.clear();
  return absl::ResourceExhaustedError(
      fmt::format("exceeded limit of {} with {} alerts", policy.limit, active));
}

void AlertTracker::TakeIn(std::vector<AlertCandidate> candidates, int64_t time_ms) {
  for (AlertCandidate& candidate : candidates) {
    TrackedAlert& tracked = alerts_[candidate.labels];
    ActiveAlert& alert = tracked.alert;
    // What comes back after it was resolved is a new alert.
    if (alert.state == AlertState::kInactive) {
      tracked = TrackedAlert();
      alert.state = AlertState::kPending;
      alert.labels = candidate.labels;
      alert.active_at_ms = time_ms;
    }
    ChangeReason(candidate.reason, time_ms, &tracked);
    const bool is_new = alert.active_at_ms == time_ms;
    if (candidate.basis != AlertCandidate::Basis::kData && !is_new) continue;
    alert.value = candidate.value;
    if (candidate.worded) alert.annotations = std::move(candidate.annotations);
  }
}

void AlertTracker::ChangeReason(AlertReason reason, int64_t time_ms, TrackedAlert* tracked) {
  ActiveAlert& alert = tracked->alert;
  if (alert.reason == reason) return;
  alert.reason = reason;
  alert.reason_since_ms = reason == AlertReason::kNone ? 0 : time_ms;
  tracked->unsaved = true;
}

void AlertTracker::SetReason(const storage::Labels& labels, AlertReason reason) {
  const auto found = alerts_.find(labels);
  if (found == alerts_.end()) return;
  ChangeReason(reason, found->second.resolved_at_ms, &found->second);
}

bool AlertTracker::Advance(const AlertPolicy& policy, int64_t time_ms, AlertCandidate::Basis basis,
                           TrackedAlert* tracked) {
  ActiveAlert& alert = tracked->alert;
  if (basis == AlertCandidate::Basis::kHeld && alert.state == AlertState::kPending) return true;
  if (std::exchange(alert.keep_firing_since_ms, 0) != 0) tracked->unsaved = true;
  AdvanceActive(policy, time_ms, tracked);
  return true;
}

bool AlertTracker::AdvanceAbsent(const AlertPolicy& policy, int64_t time_ms,
                                 TrackedAlert* tracked) {
  ActiveAlert& alert = tracked->alert;
  if (alert.state == AlertState::kPending) return false;
  if (alert.state == AlertState::kInactive) {
    return time_ms - tracked->resolved_at_ms <= kResolvedRetentionMs;
  }
  if (policy.keep_firing_for_ms > 0) {
    if (alert.keep_firing_since_ms == 0) {
      alert.keep_firing_since_ms = time_ms;
      tracked->unsaved = true;
    }
    if (time_ms - alert.keep_firing_since_ms < policy.keep_firing_for_ms) {
      AdvanceActive(policy, time_ms, tracked);
      return true;
    }
  }
  alert.state = AlertState::kInactive;
  tracked->resolved_at_ms = time_ms;
  tracked->unsaved = true;
  ChangeReason(AlertReason::kRecovered, time_ms, tracked);
  return true;
}

void AlertTracker::AdvanceActive(const AlertPolicy& policy, int64_t time_ms,
                                 TrackedAlert* tracked) {
  ActiveAlert& alert = tracked->alert;
  const bool long_enough = time_ms - alert.active_at_ms >= policy.for_ms;
  if (alert.state == AlertState::kPending && long_enough) {
    alert.state = AlertState::kFiring;
    alert.fired_at_ms = time_ms;
    tracked->unsaved = true;
  } else if (alert.state == AlertState::kFiring && !long_enough) {
    // The rule's `for` was raised.
    alert.state = AlertState::kPending;
    alert.fired_at_ms = 0;
    alert.keep_firing_since_ms = 0;
    tracked->last_sent_at_ms = 0;
    tracked->unsaved = true;
  }
}

bool AlertTracker::IsNews(const AlertPolicy& policy, const storage::Labels& labels,
                          int64_t time_ms) const {
  const auto entry = alerts_.find(labels);
  if (entry == alerts_.end() || entry->second.alert.state == AlertState::kInactive) return true;
  const ActiveAlert& alert = entry->second.alert;
  return alert.state == AlertState::kPending && time_ms - alert.active_at_ms >= policy.for_ms;
}

void AlertTracker::Restore(TrackedAlert alert) {
  storage::Labels labels = alert.alert.labels;
  alerts_.insert_or_assign(std::move(labels), std::move(alert));
}

}  // namespace vigil::alerting
