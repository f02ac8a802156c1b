// SPDX-License-Identifier: Apache-2.0
//
// The flush of a group. It is settled once every integration of its receiver knows what it told;
// then resolved alerts leave the group. An integration that a flush finds waiting still gets the
// newer state in place of the older, never both; one with a delivery in flight is decided on again
// when that has ended, since only then is it known what the receiver knows.
#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

#include "alerting/manager/dispatcher.h"
#include "alerting/manager/held_back.h"
#include "alerting/manager/stages.h"
#include "alerting/manager/trail.h"
#include "alerting/notify/notification.h"

namespace vigil::alerting {
namespace {

// From here on the flushes of groups are stored before others follow.
constexpr size_t kManyBytesToStore = 4 << 20;

}  // namespace

// A group's alerts at the moment of a flush, in the order in which they are told.
struct Dispatcher::Snapshot {
  std::vector<StoredAlert*> alerts;
  AlertSets sets;
  std::vector<HeldAlerts> held;
  int64_t now_ms = 0;
};

Dispatcher::Snapshot Dispatcher::TakeSnapshot(const Group& group, int64_t now_ms) {
  Snapshot snapshot;
  snapshot.now_ms = now_ms;
  for (const uint64_t fingerprint : group.members) {
    StoredAlert* const alert = state_->alerts.Find(fingerprint);
    if (alert == nullptr) continue;
    snapshot.alerts.push_back(alert);
    (HasEnded(group, *alert, now_ms) ? snapshot.sets.resolved : snapshot.sets.firing)
        .push_back(fingerprint);
  }
  std::sort(snapshot.alerts.begin(), snapshot.alerts.end(),
            [](const StoredAlert* left, const StoredAlert* right) {
              return IsToldBefore(left->alert.labels, right->alert.labels);
            });
  return snapshot;
}

// Leaves what is to be told.
void Dispatcher::DropMuted(const Group& group, bool counts, Snapshot* snapshot) const {
  muter_.DropMuted(*group.route, snapshot->now_ms, &snapshot->alerts, counts);
  AlertSets sets;
  for (const StoredAlert* const alert : snapshot->alerts) {
    (HasEnded(group, *alert, snapshot->now_ms) ? sets.resolved : sets.firing)
        .push_back(alert->fingerprint);
    if (FindFlapping(group, *alert, snapshot->now_ms) != nullptr) {
      sets.flapping.push_back(alert->fingerprint);
    }
  }
  std::sort(sets.firing.begin(), sets.firing.end());
  std::sort(sets.resolved.begin(), sets.resolved.end());
  std::sort(sets.flapping.begin(), sets.flapping.end());
  snapshot->sets = std::move(sets);
}

bool Dispatcher::FlushDue(int64_t now_ms) {
  GroupTable& groups = state_->groups;
  while (state_->pending()->size_bytes() < kManyBytesToStore) {
    Group* const group = groups.TakeNextDue(now_ms);
    if (group == nullptr) return true;
    AdvanceTick(group, now_ms);
    groups.Reschedule(*group);
    state_->WriteGroup(group);
    Flush(group, now_ms);
  }
  return groups.NextDue() > now_ms;
}

// May remove the group.
void Dispatcher::Flush(Group* group, int64_t now_ms) {
  Snapshot snapshot = TakeSnapshot(*group, now_ms);
  group->flush_again = false;
  group->charged = false;
  group->unsettled.clear();
  group->resolved.clear();
  for (const uint64_t fingerprint : snapshot.sets.resolved) {
    group->resolved[fingerprint] = state_->alerts.Find(fingerprint)->alert.ends_at_ms;
  }
  const std::vector<StoredAlert*> all = snapshot.alerts;
  DropMuted(*group, /*counts=*/!rehearsal_, &snapshot);
  if (!rehearsal_) {  // A rehearsal leaves no trail.
    snapshot.held = HeldBack(muter_, *group->route, all, snapshot.alerts, now_ms);
  }
  const Receiver* const receiver = config_->FindReceiver(group->route->receiver);
  const int count = receiver == nullptr ? 0 : static_cast<int>(receiver->channels.size());
  for (int i = 0; i < count; ++i) {
    const Channel& channel = *receiver->channels[i];
    const Integration integration{group->id, receiver->name, receiver->IndexOf(i),
                                  std::string(channel.kind())};
    if (FlushTo(group, channel, integration, snapshot, now_ms) == Standing::kWaits) {
      group->unsettled.insert(i);
    }
  }
  NoteHeld(group, snapshot);
  if (!group->unsettled.empty()) return;
  Relieve(group, snapshot.sets, now_ms);
  Settle(group);
}

// What of a group's alerts is to be told, in order.
AlertSets Dispatcher::TakeTellable(const Group& group, int64_t now_ms,
                                   std::vector<StoredAlert*>* alerts) {
  Snapshot snapshot = TakeSnapshot(group, now_ms);
  DropMuted(group, /*counts=*/false, &snapshot);  // Its flush has counted them.
  *alerts = std::move(snapshot.alerts);
  return std::move(snapshot.sets);
}

// For the trail: what an integration is told, and what is held back beside.
void Dispatcher::NoteTold(Group* group, const Channel& channel, const Integration& integration,
                          const Snapshot& snapshot, std::string_view reason) {
  TrailFlush flush;
  flush.time_ms = snapshot.now_ms;
  flush.integration = integration;
  flush.group_key = group->Key();
  flush.reason = reason;
  const OutboxEntry* const entry = state_->outbox.Find(integration.Key());
  if (entry != nullptr) flush.notification_id = entry->id;
  flush.told = snapshot.sets;
  if (!channel.send_resolved()) flush.told.resolved.clear();
  flush.held = snapshot.held;
  group->held_digest = HeldDigest(snapshot.held);
  state_->Note(flush);
}

// For the trail: what is held back, where that is news and nobody is told anything.
void Dispatcher::NoteHeld(Group* group, const Snapshot& snapshot) {
  const uint64_t digest = HeldDigest(snapshot.held);
  if (digest == group->held_digest) return;
  group->held_digest = digest;
  TrailFlush flush;
  flush.time_ms = snapshot.now_ms;
  flush.integration = {group->id, group->route->receiver, 0, ""};
  flush.group_key = group->Key();
  flush.held = snapshot.held;
  state_->Note(flush);
}

Dispatcher::Standing Dispatcher::FlushTo(Group* group, const Channel& channel,
                                         const Integration& integration, const Snapshot& snapshot,
                                         int64_t now_ms) {
  const std::string key = integration.Key();
  OutboxEntry* const waiting = state_->outbox.Find(key);
  const OutboxEntry* const digest = state_->outbox.FindDigestFor(integration);
  if ((waiting != nullptr && waiting->in_flight) || (digest != nullptr && digest->in_flight)) {
    group->flush_again = true;
    return Standing::kWaits;
  }
  if (snapshot.alerts.empty()) {  // All of it is muted.
    if (waiting != nullptr) state_->Bury(OutboxEntry(*waiting), "it is muted now", now_ms);
    if (digest != nullptr) Outdate(*digest, now_ms);
    return Standing::kKnows;
  }
  const std::string_view reason =
      NotificationReason({.last = state_->log.Find(key, now_ms),
                          .current = &snapshot.sets,
                          .send_resolved = channel.send_resolved(),
                          .repeat_interval_ms = group->route->repeat_interval_ms,
                          .now_ms = now_ms});
  const bool nothing_to_say = !channel.send_resolved() && snapshot.sets.firing.empty();
  if (reason.empty() || nothing_to_say) {
    if (digest != nullptr) Outdate(*digest, now_ms);
    if (waiting != nullptr) {
      state_->Bury(OutboxEntry(*waiting), "what it told is no longer so", now_ms);
    }
    if (!reason.empty()) {
      state_->PutLogEntry(
          MakeLogEntry(integration, snapshot.sets, now_ms, group->route->repeat_interval_ms));
    }
    return Standing::kKnows;
  }
  if (WaitsForDigest(group, integration, snapshot.sets, waiting != nullptr, now_ms)) {
    return Standing::kWaits;
  }
  std::string body = Body(*group, channel, snapshot, reason);
  // Where the older one still tells the truth, it goes on under its own number.
  if (waiting == nullptr || waiting->body != body) {
    Enqueue(group, integration, snapshot, std::move(body), now_ms);
    NoteTold(group, channel, integration, snapshot, reason);
  }
  return Standing::kWaits;
}

void Dispatcher::Enqueue(Group* group, const Integration& integration, const Snapshot& snapshot,
                         std::string body, int64_t now_ms) {
  OutboxEntry entry;
  entry.integration = integration;
  entry.sequence = state_->NextSequence();
  entry.id = fmt::format("{:016x}-{}", GroupHash(group->Key()), entry.sequence);
  entry.body = std::move(body);
  entry.body.shrink_to_fit();  // It may stay for long.
  entry.told = snapshot.sets;
  entry.flushed_at_ms = now_ms;
  entry.deadline_ms = now_ms + std::max(group->route->repeat_interval_ms, kMinPatienceMs);
  entry.next_attempt_ms = now_ms;
  state_->PutOutboxEntry(std::move(entry));
  // What is told is stored with it, whatever became of the batches that senders were given.
  state_->WriteGroup(group);
  for (StoredAlert* const alert : snapshot.alerts) StoreUnwritten(alert);
}

std::string Dispatcher::Body(const Group& group, const Channel& channel, const Snapshot& snapshot,
                             std::string_view reason) const {
  Notification message;
  message.receiver = group.route->receiver;
  message.reason = reason;
  message.group_labels = group.labels;
  message.route_labels = group.route->labels;
  message.external_url = external_url_;
  message.group_key = group.Key();
  for (const StoredAlert* const stored : snapshot.alerts) {
    ToldAlert told = Tell(group, *stored, snapshot.now_ms);
    if (told.resolved && !channel.send_resolved()) continue;
    message.alerts.push_back(std::move(told));
  }
  return EncodeNotification(message);
}

// Lets go of what everybody knows to be resolved. May remove the group.
void Dispatcher::Settle(Group* group) {
  for (const auto& [fingerprint, ends_at_ms] : group->resolved) {
    StoredAlert* const alert = state_->alerts.Find(fingerprint);
    // One that has changed since stays: its news is yet to be told.
    if (alert == nullptr || alert->alert.ends_at_ms != ends_at_ms) continue;
    group->members.erase(fingerprint);
    state_->LeaveGroup(alert, group->id);
  }
  group->resolved.clear();
  if (group->members.empty()) state_->RemoveGroup(std::string(group->id));
}

void Dispatcher::DeliveryEnded(const Integration& integration, bool delivered, int64_t now_ms) {
  Group* const group = state_->groups.Find(integration.group_id);
  if (group == nullptr) return;
  const Receiver* const receiver = config_->FindReceiver(integration.receiver);
  if (delivered && receiver != nullptr) {
    group->unsettled.erase(receiver->PlaceOf(integration.kind, integration.index));
  }
  if (group->flush_again) {
    Flush(group, now_ms);
  } else if (delivered && group->unsettled.empty()) {
    Settle(group);
  }
}

}  // namespace vigil::alerting
