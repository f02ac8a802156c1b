// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/group.h"

#include <optional>
#include <string>
#include <utility>

#include <xxhash.h>

namespace vigil::alerting {

uint64_t GroupHash(std::string_view group_key) {
  return XXH3_64bits(group_key.data(), group_key.size());
}

bool IsListedBefore(const storage::Labels& a, const storage::Labels& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  auto left = a.begin();
  auto right = b.begin();
  for (; left != a.end() && right != b.end(); ++left, ++right) {
    // Who lacks the first name that not both have comes first: the one whose next name is later.
    if ((*left).name != (*right).name) return (*left).name > (*right).name;
    if ((*left).value != (*right).value) return (*left).value < (*right).value;
  }
  return false;
}

bool IsToldBefore(const storage::Labels& a, const storage::Labels& b) {
  for (const std::string_view name : {"job", "instance"}) {
    const std::string_view left = a.Get(name);
    const std::string_view right = b.Get(name);
    if (left != right) return right.empty() || (!left.empty() && left < right);
  }
  return IsListedBefore(a, b);
}

void AdvanceTick(Group* group, int64_t now_ms) {
  if (!group->flushed) group->tick_ms = now_ms;
  group->flushed = true;
  const int64_t interval_ms = group->route->group_interval_ms;
  group->tick_ms += ((now_ms - group->tick_ms) / interval_ms + 1) * interval_ms;
  group->next_flush_ms = group->tick_ms;
}

Group* GroupTable::Add(Group group) {
  std::string id = group.id;
  const auto [at, added] = groups_.insert_or_assign(std::move(id), std::move(group));
  Reschedule(at->second);
  return &at->second;
}

Group* GroupTable::Find(std::string_view id) {
  const auto at = groups_.find(id);
  return at == groups_.end() ? nullptr : &at->second;
}

void GroupTable::Remove(const std::string& id) {
  schedule_.Remove(id);
  groups_.erase(id);
}

Group* GroupTable::TakeNextDue(int64_t now_ms) {
  const std::optional<std::string> id = schedule_.TakeNextDue(now_ms);
  return id.has_value() ? Find(*id) : nullptr;
}

}  // namespace vigil::alerting
