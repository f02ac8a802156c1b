// SPDX-License-Identifier: Apache-2.0
//
// How many notifications a route may send in a while, and whose news waits because it has sent
// them. Knows nothing of what is told.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/manager/schedule.h"

namespace vigil::alerting {

// Every notification that was spent is remembered: enough to be no limit to people.
inline constexpr int64_t kMaxBudgetLimit = 1000;

// `notification_budget` of a route. A default one is none.
struct BudgetOptions {
  int64_t limit = 0;   // So many notifications
  int64_t per_ms = 0;  // in any stretch of this length.

  bool enabled() const { return limit > 0; }
};

// One budget: that of the route where it is set and of all routes that inherit it. Not thread-safe.
class Budget {
 public:
  // Groups, by id, with news that nothing in the outbox tells, and since when.
  using HeldGroups = std::map<std::string, int64_t, std::less<>>;

  // When one more may be told: `now_ms`, or when the notification that stands in its way is
  // `per_ms` old.
  int64_t FreeAt(const BudgetOptions& options, int64_t now_ms) const;
  bool HasRoom(const BudgetOptions& options, int64_t now_ms) const {
    return FreeAt(options, now_ms) <= now_ms;
  }
  // Counts a notification that is told at `now_ms`, and forgets those that no longer count.
  void Spend(const BudgetOptions& options, int64_t now_ms);
  // Forgets those; whether there were any.
  bool Forget(const BudgetOptions& options, int64_t now_ms);

  // Whether the group was not held before.
  bool Hold(const std::string& group_id, int64_t now_ms);
  // Whether it was held.
  bool LetGo(std::string_view group_id);
  bool Holds(std::string_view group_id) const { return held_.contains(group_id); }
  const HeldGroups& held() const { return held_; }

  // Alerts that began and ended while their group was held, by receiver: a digest says how many.
  void Passed(const std::string& receiver, int64_t count) { passed_[receiver] += count; }
  int64_t PassedFor(const std::string& receiver) const;
  void TakePassed(const std::string& receiver) { passed_.erase(receiver); }
  void ForgetPassed() { passed_.clear(); }
  const std::map<std::string, int64_t>& passed() const { return passed_; }

  const std::vector<int64_t>& spent() const { return spent_; }
  bool empty() const { return spent_.empty() && held_.empty() && passed_.empty(); }
  // As it was stored.
  static Budget Restore(std::vector<int64_t> spent, HeldGroups held,
                        std::map<std::string, int64_t> passed);

  // What is to be done about digests and when. Not stored: worked out anew after a restart.
  int64_t due_ms = kNever;
  std::set<std::string> outdated;  // Receivers whose digests tell what is no longer so.

 private:
  std::vector<int64_t> spent_;  // In order.
  HeldGroups held_;
  std::map<std::string, int64_t> passed_;
};

}  // namespace vigil::alerting
