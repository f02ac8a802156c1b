// SPDX-License-Identifier: Apache-2.0
//
// Intake and grouping. What happens to a group when it is flushed is in dispatcher_flush.cc.
#include "alerting/manager/dispatcher.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/metrics.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

Counter& ReceivedCounter(bool firing) {
  static constexpr char kHelp[] = "Alerts that were taken in.";
  static Counter& firing_alerts =
      GetCounter("alertmanager_alerts_received_total", kHelp, "status=\"firing\",version=\"v2\"");
  static Counter& resolved_alerts =
      GetCounter("alertmanager_alerts_received_total", kHelp, "status=\"resolved\",version=\"v2\"");
  return firing ? firing_alerts : resolved_alerts;
}

Counter& InvalidCounter() {
  static Counter& counter = GetCounter("alertmanager_alerts_invalid_total",
                                       "Alerts that were refused.", "version=\"v2\"");
  return counter;
}

// Whether its sender never said that it had ended: it only falls silent.
bool EndsBySilence(const StoredAlert& alert) {
  return alert.alert.ends_at_ms > alert.updated_at_ms;
}

}  // namespace

void Dispatcher::Restore(int64_t now_ms) {
  const int64_t patience_ms = now_ms + config_->resolve_timeout_ms;
  for (auto& [fingerprint, alert] : state_->alerts.alerts()) {
    if (!EndsBySilence(alert) || alert.alert.ends_at_ms >= patience_ms) continue;
    alert.alert.ends_at_ms = patience_ms;
    alert.ends_by_timeout = true;  // So that the sender's next word is final.
  }
  Reconcile(now_ms);
}

void Dispatcher::SetConfig(const ManagerConfig* config, int64_t now_ms) {
  config_ = config;
  Reconcile(now_ms);
}

void Dispatcher::Reconcile(int64_t now_ms) {
  muter_.SetConfig(config_);
  watches_flaps_ = WatchesFlaps(config_->route);
  GroupTable old = std::exchange(state_->groups, GroupTable());
  RegroupAll(&old, now_ms);
  for (auto& [id, group] : state_->groups.groups()) {
    if (group.tick_ms != group.stored_tick_ms) state_->WriteGroup(&group);
  }
  for (const auto& [id, group] : old.groups()) {
    if (state_->groups.Find(id) == nullptr) state_->RemoveGroup(id);
  }
  ReconcileBudgets(now_ms);
  ReconcileOutbox(now_ms);
}

void Dispatcher::RegroupAll(GroupTable* old, int64_t now_ms) {
  for (auto& [fingerprint, alert] : state_->alerts.alerts()) {
    const std::set<std::string> before = std::exchange(alert.groups, {});
    for (const Route* route : MatchRoutes(config_->route, alert.alert.labels)) {
      storage::Labels labels = GroupLabels(*route, alert.alert.labels);
      const std::string id = GroupName(route->id, labels);
      // A resolved alert is only of interest where its firing was.
      if (alert.ResolvedAt(now_ms) && !before.contains(id)) continue;
      Group* group = state_->groups.Find(id);
      if (group == nullptr) group = AddGroup(*route, id, std::move(labels), old, now_ms);
      Join(group, &alert, now_ms);
    }
    if (alert.groups == before) continue;
    if (alert.groups.empty()) {
      state_->LeaveGroup(&alert, "");
    } else {
      state_->WriteAlert(&alert);
    }
  }
}

void Dispatcher::ReconcileOutbox(int64_t now_ms) {
  std::vector<const OutboxEntry*> orphans;
  for (const auto& [key, entry] : state_->outbox.entries()) {
    if (!entry.covers.empty()) {
      if (!KeepDigest(entry, now_ms)) orphans.push_back(&entry);
      continue;
    }
    const Integration& integration = entry.integration;
    Group* const group = state_->groups.Find(integration.group_id);
    const Receiver* const receiver = config_->FindReceiver(integration.receiver);
    const bool fits = group != nullptr && group->route->receiver == integration.receiver &&
                      receiver != nullptr &&
                      receiver->FindChannel(integration.kind, integration.index) != nullptr;
    if (fits) {
      group->unsettled.insert(receiver->PlaceOf(integration.kind, integration.index));
    } else {
      orphans.push_back(&entry);
    }
  }
  for (const OutboxEntry* entry : orphans) {
    // A copy: burying removes the original.
    state_->Bury(OutboxEntry(*entry), "the configuration no longer sends the group there", now_ms);
  }
}

// Makes the group `id`, with the state that it had in `old` (may be null) if it was there.
Group* Dispatcher::AddGroup(const Route& route, const std::string& id, storage::Labels labels,
                            GroupTable* old, int64_t now_ms) {
  Group group;
  group.stored_tick_ms = -1;
  group.tick_ms = now_ms + route.group_wait_ms;
  group.next_flush_ms = group.tick_ms;
  if (Group* const before = old == nullptr ? nullptr : old->Find(id); before != nullptr) {
    group = *before;
    group.members.clear();
    const int64_t longest_ms = group.flushed ? route.group_interval_ms : route.group_wait_ms;
    group.tick_ms = std::min(group.tick_ms, now_ms + longest_ms);
    // A tick that was missed is made up for at once.
    group.next_flush_ms = std::max(group.tick_ms, now_ms);
  }
  group.id = id;
  group.route = &route;
  group.labels = std::move(labels);
  return state_->groups.Add(std::move(group));
}

void Dispatcher::Join(Group* group, StoredAlert* alert, int64_t now_ms) {
  group->members.insert(alert->fingerprint);
  alert->groups.insert(group->id);
  // One that began long ago has waited enough, wherever it was.
  const bool overdue =
      !group->flushed && alert->alert.starts_at_ms < now_ms - group->route->group_wait_ms;
  if (!overdue || group->next_flush_ms <= now_ms) return;
  group->tick_ms = now_ms;
  group->next_flush_ms = now_ms;
  state_->groups.Reschedule(*group);
}

absl::Status Dispatcher::Receive(const std::vector<Alert>& alerts, int64_t now_ms,
                                 storage::WriteBatch* batch) {
  std::string refused;
  for (const Alert& alert : alerts) {
    const absl::StatusOr<AlertStore::PutResult> put =
        state_->alerts.Put(alert, now_ms, config_->resolve_timeout_ms);
    if (!put.ok()) {
      if (!rehearsal_) InvalidCounter().Add();
      refused += fmt::format("{}{}: {}", refused.empty() ? "" : "; ", alert.labels.ToString(),
                             MessageOf(put.status()));
      continue;
    }
    if (put->began && watches_flaps_) CountFire(*put, now_ms);
    if (put->added) muter_.inhibitor().Add(*put->alert);
    if (!rehearsal_) ReceivedCounter(!put->alert->ResolvedAt(now_ms)).Add();
    // One that is not known to be stored is written again: the sender's last write may have failed.
    if (put->changed || put->alert->maybe_unwritten) Regroup(put->alert, now_ms, batch);
  }
  return refused.empty() ? absl::OkStatus() : absl::InvalidArgumentError(refused);
}

void Dispatcher::Regroup(StoredAlert* alert, int64_t now_ms, storage::WriteBatch* batch) {
  for (const Route* route : MatchRoutes(config_->route, alert->alert.labels)) {
    storage::Labels labels = GroupLabels(*route, alert->alert.labels);
    const std::string id = GroupName(route->id, labels);
    Group* group = state_->groups.Find(id);
    if (alert->ResolvedAt(now_ms) && !alert->groups.contains(id)) continue;
    if (group == nullptr) group = AddGroup(*route, id, std::move(labels), nullptr, now_ms);
    Join(group, alert, now_ms);
    if (group->tick_ms != group->stored_tick_ms) ManagerState::WriteGroup(group, batch);
  }
  if (alert->groups.empty()) return;
  ManagerState::WriteAlert(alert, batch);
  if (watches_flaps_) state_->WriteFlaps(alert->fingerprint, batch);
  alert->maybe_unwritten = true;
}

}  // namespace vigil::alerting
