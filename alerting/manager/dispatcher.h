// SPDX-License-Identifier: Apache-2.0
//
// Puts alerts into groups and flushes the groups: decides for each integration of a group's
// receiver whether it is to be told now and, if so, puts a notification into the outbox.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <absl/status/status.h>

#include "alerting/alert.h"
#include "alerting/manager/config.h"
#include "alerting/manager/manager_state.h"
#include "alerting/manager/mute/muter.h"
#include "alerting/notify/notification.h"

namespace vigil::alerting {

// A notification is given up when it would be repeated anyway, an attempt when its group is flushed
// again; but neither sooner than this.
inline constexpr int64_t kMinPatienceMs = 10 * kMillisPerSecond;

// Works on a ManagerState; whoever owns both commits. Not thread-safe.
class Dispatcher {
 public:
  // `config` (until the next SetConfig) and `state` must outlive it.
  // In a rehearsal nothing is counted.
  Dispatcher(std::string external_url, bool rehearsal, const ManagerConfig* config,
             ManagerState* state)
      : external_url_(std::move(external_url)),
        rehearsal_(rehearsal),
        config_(config),
        state_(state),
        muter_(config, &state->alerts, &state->silences) {}

  // Takes up what ManagerState::Load read. Alerts that would end before their sender can have
  // spoken again are given `resolve_timeout` from now: it was vigil that was silent, not the
  // sender.
  void Restore(int64_t now_ms);
  // Takes a new configuration and moves all alerts to the groups that it makes.
  void SetConfig(const ManagerConfig* config, int64_t now_ms);

  // As AlertSink::Receive.
  absl::Status Receive(const std::vector<Alert>& alerts, int64_t now_ms,
                       storage::WriteBatch* batch);
  // Flushes groups that are due until what the next commit stores is large: more of it would stand
  // in memory several times over. Whether those were all.
  bool FlushDue(int64_t now_ms);
  // Puts digests into the outbox where news waits for a budget and that has room again. What is
  // flushed at the same time is part of them: call it once FlushDue has flushed all of it.
  void TellDigests(int64_t now_ms);
  // When to do so next; kNever: nothing waits.
  int64_t NextDigest() const;
  // A delivery has ended and its outcome is noted in outbox and log.
  void DeliveryEnded(const Integration& integration, bool delivered, int64_t now_ms);

  // The same of a digest, for the groups that it covers.
  void DigestEnded(const Integration& digest, const std::map<std::string, AlertSets>& covers,
                   bool delivered, int64_t now_ms);
  // The route of the group or, of a digest, of the budget; null if that is no more.
  const Route* RouteOf(const Integration& integration) const;

  // The store of alerts has forgotten some.
  void AlertsForgotten() { muter_.inhibitor().Prune(); }
  // Forgets notifications that no longer count against a budget.
  void ForgetSpent(int64_t now_ms);

  const ManagerConfig& config() const { return *config_; }
  const Muter& muter() const { return muter_; }

 private:
  struct Snapshot;
  enum class Standing { kKnows, kWaits };  // Whether an integration knows all of a flush.

  void Reconcile(int64_t now_ms);
  void RegroupAll(GroupTable* old, int64_t now_ms);
  void ReconcileOutbox(int64_t now_ms);
  Group* AddGroup(const Route& route, const std::string& id, storage::Labels labels,
                  GroupTable* old, int64_t now_ms);
  void Join(Group* group, StoredAlert* alert, int64_t now_ms);
  void Regroup(StoredAlert* alert, int64_t now_ms, storage::WriteBatch* batch);

  Snapshot TakeSnapshot(const Group& group, int64_t now_ms);
  void DropMuted(const Group& group, bool counts, Snapshot* snapshot) const;
  void NoteTold(Group* group, const Channel& channel, const Integration& integration,
                const Snapshot& snapshot, std::string_view reason);
  void NoteHeld(Group* group, const Snapshot& snapshot);
  void Flush(Group* group, int64_t now_ms);
  Standing FlushTo(Group* group, const Channel& channel, const Integration& integration,
                   const Snapshot& snapshot, int64_t now_ms);
  void Enqueue(Group* group, const Integration& integration, const Snapshot& snapshot,
               std::string body, int64_t now_ms);
  std::string Body(const Group& group, const Channel& channel, const Snapshot& snapshot,
                   std::string_view reason) const;
  void Settle(Group* group);
  AlertSets TakeTellable(const Group& group, int64_t now_ms, std::vector<StoredAlert*>* alerts);

  // dispatcher_flap.cc: alerts that flap.
  void CountFire(const AlertStore::PutResult& put, int64_t now_ms);
  // How the alert flaps as far as the group's receivers are concerned; null if it does not.
  const FlapEntry* FindFlapping(const Group& group, const StoredAlert& alert, int64_t now_ms) const;
  // Whether it has ended as far as receivers are concerned: what flaps counts as firing.
  bool HasEnded(const Group& group, const StoredAlert& alert, int64_t now_ms) const;
  ToldAlert Tell(const Group& group, const StoredAlert& alert, int64_t now_ms) const;
  void StoreUnwritten(StoredAlert* alert);

  // dispatcher_budget.cc: budgets, and digests of what waits for them.
  struct DigestDraft;
  void ReconcileBudgets(int64_t now_ms);
  bool KeepDigest(const OutboxEntry& digest, int64_t now_ms);
  void Outdate(const OutboxEntry& digest, int64_t now_ms);
  bool WaitsForDigest(Group* group, const Integration& integration, const AlertSets& sets,
                      bool replaces, int64_t now_ms);
  void Relieve(Group* group, const AlertSets& sets, int64_t now_ms);
  void TellDigestsOf(const std::string& budget_id, int64_t now_ms);
  int64_t TellReceiver(const std::string& budget_id, const Receiver& receiver, int64_t now_ms);
  std::set<std::string> DigestGroups(const std::string& budget_id, const std::string& receiver,
                                     const OutboxEntry* waiting) const;
  void DraftGroup(Group* group, const Channel& channel, const Integration& integration, int place,
                  int64_t now_ms, DigestDraft* draft);
  void NoteWaiting(const Group& group, const AlertSets& sets, int64_t now_ms);
  void NoteDigest(const OutboxEntry& digest, const std::string& key);
  bool PutDigest(const std::string& budget_id, const Integration& integration,
                 const OutboxEntry* waiting, int64_t passed, int64_t now_ms, DigestDraft* draft);

  const std::string external_url_;
  const bool rehearsal_;
  const ManagerConfig* config_;
  ManagerState* const state_;
  Muter muter_;
  bool watches_flaps_ = false;
  std::map<std::string, const Route*, std::less<>> budget_routes_;  // By Route::budget_id.
};

}  // namespace vigil::alerting
