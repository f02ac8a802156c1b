// SPDX-License-Identifier: Apache-2.0
//
// A group: the alerts that are told together, and when. A group is first flushed `group_wait` after
// its first alert and then every `group_interval`, as long as it has alerts.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "alerting/manager/route.h"
#include "alerting/manager/schedule.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

struct Group {
  std::string id;                // GroupName of the route's id; what it is stored under.
  const Route* route = nullptr;  // Of the current configuration.
  storage::Labels labels;
  std::set<uint64_t> members;  // Fingerprints.

  // Flushes are at `tick_ms` and whole group intervals later; `next_flush_ms` is one of these, or
  // later when it was missed.
  int64_t tick_ms = 0;
  int64_t next_flush_ms = 0;
  bool flushed = false;
  int64_t stored_tick_ms = 0;  // `tick_ms` as its row has it.

  // About the last flush. Alerts that were resolved in it, with their end, leave the group once
  // every integration knows.
  std::map<uint64_t, int64_t> resolved;
  bool charged = false;      // It has been counted against its route's budget.
  std::set<int> unsettled;   // Places of the channels that do not know yet.
  bool flush_again = false;  // It met a delivery in flight: decide again when that has ended.
  // HeldDigest of what the trail says it held back. Not stored.
  uint64_t held_digest = 0;

  std::string Key() const { return GroupName(route->key, labels); }
};

// Stands for a group's key where that is too long.
uint64_t GroupHash(std::string_view group_key);

// Alertmanager's order of labels: those with fewer first, then by name and value, where the labels
// that lack a name come before those that have it.
bool IsListedBefore(const storage::Labels& a, const storage::Labels& b);
// The order of the alerts of a group: by job and instance, where those without come last, then by
// all labels.
bool IsToldBefore(const storage::Labels& a, const storage::Labels& b);

// Moves a group that is flushed at `now_ms` on to its next tick.
void AdvanceTick(Group* group, int64_t now_ms);

// Groups by id, with their timers. Not thread-safe. Pointers stay valid until the group is removed.
class GroupTable {
 public:
  Group* Add(Group group);
  Group* Find(std::string_view id);
  void Remove(const std::string& id);
  // Brings the timer in line with `next_flush_ms`.
  void Reschedule(const Group& group) { schedule_.Set(group.id, group.next_flush_ms); }

  int64_t NextDue() const { return schedule_.NextDue(); }
  // Takes the first group whose flush is due off the timers; null if there is none.
  Group* TakeNextDue(int64_t now_ms);
  std::map<std::string, Group, std::less<>>& groups() { return groups_; }
  const std::map<std::string, Group, std::less<>>& groups() const { return groups_; }

 private:
  std::map<std::string, Group, std::less<>> groups_;
  Schedule schedule_;
};

}  // namespace vigil::alerting
