// SPDX-License-Identifier: Apache-2.0
//
// What each receiver was last told about each group. The dedup stage compares against it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace vigil::alerting {

// Entries, receipts and dead letters are kept no longer than Alertmanager keeps data.
inline constexpr int64_t kRetentionMs = 120 * kMillisPerHour;

// One way a group reaches people: the `index`th channel of its kind of a receiver.
struct Integration {
  std::string group_id;
  std::string receiver;
  int index = 0;
  std::string kind = "webhook";

  // Names it among all: "0\n<group id>\n<receiver>" for webhooks, "slack.0\n..." for other kinds.
  // Group ids hold no line break.
  std::string Key() const;
  friend bool operator==(const Integration&, const Integration&) = default;
};

// The alerts of a group by state: sorted fingerprints. Alertmanager compares another hash of the
// same labels.
struct AlertSets {
  std::vector<uint64_t> firing;
  std::vector<uint64_t> resolved;
  std::vector<uint64_t> flapping;  // Of those that fire.
  friend bool operator==(const AlertSets&, const AlertSets&) = default;
};

struct LogEntry {
  Integration integration;
  AlertSets told;
  int64_t timestamp_ms = 0;  // When it was delivered.
  int64_t expires_at_ms = 0;
  std::string receiver_data;  // DeliveryOutcome::receiver_data.
};

// The entry of a notification that was delivered at `now_ms`. It outlives its repetition, within
// the retention.
LogEntry MakeLogEntry(const Integration& integration, AlertSets told, int64_t now_ms,
                      int64_t repeat_interval_ms);

// Not thread-safe.
class NotificationLog {
 public:
  void Put(LogEntry entry);
  // Null when there is none, or when it has expired.
  const LogEntry* Find(std::string_view key, int64_t now_ms) const;
  // Forgets what has expired and returns its keys.
  std::vector<std::string> Collect(int64_t now_ms);
  const std::map<std::string, LogEntry, std::less<>>& entries() const { return entries_; }

 private:
  std::map<std::string, LogEntry, std::less<>> entries_;
};

}  // namespace vigil::alerting
