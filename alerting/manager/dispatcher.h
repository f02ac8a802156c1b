// SPDX-License-Identifier: Apache-2.0
//
// Puts alerts into groups and flushes the groups: decides for each integration of a group's
// receiver whether it is to be told now and, if so, puts a notification into the outbox.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <absl/status/status.h>

#include "alerting/alert.h"
#include "alerting/manager/config.h"
#include "alerting/manager/manager_state.h"
#include "alerting/manager/mute/muter.h"

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
  // Flushes the groups that are due.
  void FlushDue(int64_t now_ms);
  // A delivery has ended and its outcome is noted in outbox and log.
  void DeliveryEnded(const Integration& integration, bool delivered, int64_t now_ms);

  // The store of alerts has forgotten some.
  void AlertsForgotten() { muter_.inhibitor().Prune(); }

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
  void DropMuted(const Group& group, Snapshot* snapshot) const;
  void Flush(Group* group, int64_t now_ms);
  Standing FlushTo(Group* group, const Channel& channel, const Integration& integration,
                   const Snapshot& snapshot, int64_t now_ms);
  void Enqueue(Group* group, const Integration& integration, const Snapshot& snapshot,
               std::string body, int64_t now_ms);
  std::string Body(const Group& group, const Channel& channel, const Snapshot& snapshot,
                   std::string_view reason) const;
  void Settle(Group* group);

  const std::string external_url_;
  const bool rehearsal_;
  const ManagerConfig* config_;
  ManagerState* const state_;
  Muter muter_;
};

}  // namespace vigil::alerting
