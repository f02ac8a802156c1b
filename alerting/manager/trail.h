// SPDX-License-Identifier: Apache-2.0
//
// What the manager decided and what came of it, kept as rows (docs/format/alert_manager_rows.md)
// for those who ask later why they were told, or were not. Written in the batch of the decision
// itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "alerting/manager/notification_log.h"
#include "base/duration.h"
#include "storage/kv/kv_store.h"

namespace vigil::alerting {

inline constexpr std::string_view kTrailRows = "manager/trail/";  // TrailKey.

// Alerts of a group that a flush told nobody of, all for the same causes.
struct HeldAlerts {
  std::vector<uint64_t> alerts;  // Fingerprints.
  std::optional<uint64_t> inhibited_by;
  std::vector<std::string> silenced_by;  // Ids of silences.
  std::vector<std::string> muted_by;     // Names of time intervals.
  std::string budget;                    // Id of the route whose notification budget is spent.

  friend bool operator==(const HeldAlerts&, const HeldAlerts&) = default;
};

// A flush as one integration saw it, or, where nobody was told anything, as a whole.
struct TrailFlush {
  int64_t time_ms = 0;
  Integration integration;  // `kind` is empty where nobody was told.
  std::string group_key;
  std::string reason;           // "first notification", ...; empty where nobody was told.
  std::string notification_id;  // Likewise.
  AlertSets told;
  std::vector<HeldAlerts> held;

  friend bool operator==(const TrailFlush& a, const TrailFlush& b) {
    return a.time_ms == b.time_ms && a.integration == b.integration && a.group_key == b.group_key &&
           a.reason == b.reason && a.notification_id == b.notification_id &&
           a.told.firing == b.told.firing && a.told.resolved == b.told.resolved && a.held == b.held;
  }
};

// An attempt to deliver a notification, or that it was given up without one.
struct TrailAttempt {
  int64_t time_ms = 0;
  Integration integration;
  std::string notification_id;
  int status = 0;  // Of HTTP, or the mail server's code; 0: there was no answer.
  bool delivered = false;
  std::string error;        // Of one that is tried again.
  int64_t retry_at_ms = 0;  // Likewise.
  std::string given_up;     // Why nothing more is tried; empty otherwise.

  friend bool operator==(const TrailAttempt&, const TrailAttempt&) = default;
};

using TrailEntry = std::variant<TrailFlush, TrailAttempt>;

int64_t TimeOf(const TrailEntry& entry);

// 16 hexadecimal digits, as alerts are named in rows and by people.
std::string FingerprintText(uint64_t fingerprint);

// Stands for what was held back; 0 for nothing. Only good within one process.
uint64_t HeldDigest(const std::vector<HeldAlerts>& held);

std::string EncodeTrailEntry(const TrailEntry& entry);
// The time is that of the key. DataLoss names what is wrong.
absl::StatusOr<TrailEntry> DecodeTrailEntry(std::string_view key, std::string_view row);

// The notification that the row of an attempt is about, without decoding it; empty for others.
std::string_view NotificationOfAttempt(std::string_view row);

// Numbers the rows. Not thread-safe.
class Trail {
 public:
  // Goes on behind the rows of `store`.
  absl::Status Load(storage::KeyValueStore* store);
  void Add(const TrailEntry& entry, storage::WriteBatch* batch);

 private:
  uint64_t next_ = 0;
};

// Hands the entries of `range` to `take` in the order of time. Rows that `wanted` does not like the
// look of are passed over unread, those that are damaged are logged and passed over.
absl::Status ReadTrail(storage::KeyValueStore& store, TimeRange range,
                       absl::FunctionRef<bool(std::string_view row)> wanted,
                       absl::FunctionRef<void(TrailEntry entry)> take);

// Drops what is older than the retention; 0: nothing.
absl::Status DropOldTrail(storage::KeyValueStore& store, int64_t retention_ms, int64_t now_ms);

}  // namespace vigil::alerting
