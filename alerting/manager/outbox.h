// SPDX-License-Identifier: Apache-2.0
//
// Notifications that were decided on but are not delivered yet: at most one for each integration.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/manager/notification_log.h"
#include "alerting/manager/schedule.h"

namespace vigil::alerting {

struct OutboxEntry {
  Integration integration;
  uint64_t sequence = 0;  // Numbers all notifications of the manager.
  std::string id;         // By which a receiver knows a repetition: X-Vigil-Notification-Id.
  std::string body;
  AlertSets told;             // What the log will say once it is delivered.
  int64_t flushed_at_ms = 0;  // The moment that the body tells of.
  int64_t deadline_ms = 0;    // Given up then.
  int64_t next_attempt_ms = 0;
  int64_t attempts = 0;  // Those that failed.
  std::string last_error;
  // Of a digest, which tells of no group of its own: by the id of each group that it covers what
  // the log will say once it is delivered.
  std::map<std::string, AlertSets> covers;
  int64_t passed = 0;      // Alerts that it only counts, of groups that are no more.
  bool in_flight = false;  // Not stored: nothing is in flight after a restart.
};

// Not thread-safe. Pointers stay valid until the entry is removed.
class Outbox {
 public:
  // Adds `entry`, in place of the one that its integration had, due at its next attempt.
  OutboxEntry* Put(OutboxEntry entry);
  OutboxEntry* Find(std::string_view key);
  // The digest that tells what is new for this integration; null if there is none.
  const OutboxEntry* FindDigestFor(const Integration& integration) const;
  void Remove(std::string_view key);
  // Brings the schedule in line with the entry's `next_attempt_ms` and `in_flight`.
  void Reschedule(const OutboxEntry& entry);

  int64_t NextDue() const { return schedule_.NextDue(); }
  // Takes the entries whose attempt is due off the schedule.
  std::vector<OutboxEntry*> TakeDue(int64_t now_ms);
  const std::map<std::string, OutboxEntry, std::less<>>& entries() const { return entries_; }

 private:
  void Cover(const OutboxEntry& entry);
  void Uncover(const OutboxEntry& entry);

  std::map<std::string, OutboxEntry, std::less<>> entries_;
  // From the key of each integration that a digest covers to the digest's.
  std::map<std::string, std::string, std::less<>> covered_;
  Schedule schedule_;
};

}  // namespace vigil::alerting
