// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/group.h"

#include <utility>

#include <xxhash.h>

namespace vigil::alerting {

uint64_t GroupHash(std::string_view group_key) {
  return XXH3_64bits(group_key.data(), group_key.size());
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

std::vector<Group*> GroupTable::TakeDue(int64_t now_ms) {
  std::vector<Group*> due;
  for (const std::string& id : schedule_.TakeDue(now_ms)) due.push_back(Find(id));
  return due;
}

}  // namespace vigil::alerting
