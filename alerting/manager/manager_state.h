// SPDX-License-Identifier: Apache-2.0
//
// All that the manager knows and keeps, in memory and as rows, with the changes that are not stored
// yet. The parts that decide (dispatcher.h, courier.h) work on it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <absl/status/status.h>

#include "alerting/manager/alert_store.h"
#include "alerting/manager/budget.h"
#include "alerting/manager/flap_watch.h"
#include "alerting/manager/group.h"
#include "alerting/manager/mute/silence_store.h"
#include "alerting/manager/notification_log.h"
#include "alerting/manager/outbox.h"
#include "alerting/manager/state_rows.h"
#include "alerting/manager/trail.h"
#include "storage/kv/kv_store.h"

namespace vigil::alerting {

// Not thread-safe; `store` must outlive it. Nothing may leave the house before Commit has stored
// what led to it.
class ManagerState {
 public:
  explicit ManagerState(storage::KeyValueStore* store, bool keeps_trail = true)
      : store_(store), keeps_trail_(keeps_trail) {}

  // Reads all rows. A row that cannot be read is logged and passed over.
  absl::Status Load();

  // Add the row of something as it is now to what the next Commit stores.
  void WriteAlert(StoredAlert* alert) { WriteAlert(alert, &batch_); }
  void WriteGroup(Group* group) { WriteGroup(group, &batch_); }
  void WriteOutboxEntry(const OutboxEntry& entry);
  void WriteReceipt(const Receipt& receipt);
  // Of the alert, what is known about its flapping; nothing if nothing is.
  void WriteFlaps(uint64_t fingerprint) { WriteFlaps(fingerprint, &batch_); }
  void WriteFlaps(uint64_t fingerprint, storage::WriteBatch* batch) const;
  // The budget of that id; it is stored as it will be at the next Commit.
  Budget* ChangeBudget(const std::string& id);
  // Requires: there is a silence of that id.
  void WriteSilence(std::string_view id);
  // To a batch that somebody else will write.
  static void WriteAlert(StoredAlert* alert, storage::WriteBatch* batch);
  static void WriteGroup(Group* group, storage::WriteBatch* batch);

  // Change memory and rows.
  void PutLogEntry(LogEntry entry);
  OutboxEntry* PutOutboxEntry(OutboxEntry entry);
  void RemoveOutboxEntry(const std::string& key);
  // Puts the entry of the outbox aside. `status` is that of the attempt that ended it, if one did.
  void Bury(const OutboxEntry& entry, std::string_view reason, int64_t now_ms, int status = 0);
  // Adds to the trail, which is only written.
  void Note(const TrailEntry& entry) {
    if (keeps_trail_) trail_.Add(entry, &batch_);
  }
  // Forgets what was put aside for the integration of that key.
  void RemoveDeadLetter(const std::string& key);
  void RemoveGroup(const std::string& id);
  void RemoveBudget(const std::string& id);
  // Takes the alert out of the group with that id; its row goes with its last group.
  void LeaveGroup(StoredAlert* alert, const std::string& group_id);
  uint64_t NextSequence();

  // How the alert flaps at `now_ms`; null if it does not.
  const FlapEntry* FindFlapping(const StoredAlert& alert, int64_t now_ms) const;
  // Until when at least news of a group of that route waits for its budget; nullopt if it does not.
  std::optional<int64_t> HeldUntil(const Route& route, std::string_view group_id,
                                   int64_t now_ms) const;

  // Forgets what has expired, in memory and on disk. Whether anything is left that can expire.
  bool Collect(int64_t now_ms);

  // Stores what has changed, all or nothing, and synced if it is more than timers. After a failure
  // the next call stores everything anew.
  absl::Status Commit();
  // What the next Commit stores, to be added to.
  storage::WriteBatch* pending() { return &batch_; }
  bool NeedsCommit() const { return rewrite_ || !batch_.empty() || !changed_budgets_.empty(); }

  storage::KeyValueStore* store() const { return store_; }

  AlertStore alerts;
  GroupTable groups;
  NotificationLog log;
  Outbox outbox;
  SilenceStore silences;
  FlapWatch flaps;
  std::map<std::string, Budget, std::less<>> budgets;  // By the id of the route that sets them.

 private:
  absl::Status LoadAlerts();
  absl::Status LoadGroups();
  absl::Status LoadLog();
  absl::Status LoadOutbox();
  absl::Status LoadSilences();
  absl::Status LoadSequence();
  absl::Status LoadFlaps();
  absl::Status LoadBudgets();
  void WriteBudgets();
  void PrepareRewrite();
  bool CollectReceipts(int64_t now_ms);
  bool CollectDeadLetters(int64_t now_ms);

  storage::KeyValueStore* const store_;
  const bool keeps_trail_;
  Trail trail_;
  uint64_t sequence_ = 0;
  storage::WriteBatch batch_;
  std::set<std::string> changed_budgets_;
  bool rewrite_ = false;  // A commit failed: what the store holds is unknown.
};

}  // namespace vigil::alerting
