// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/schedule.h"

#include <utility>

namespace vigil::alerting {

void Schedule::Set(const std::string& key, int64_t due_ms) {
  const auto [at, added] = due_.try_emplace(key, due_ms);
  if (!added) {
    queue_.erase({at->second, key});
    at->second = due_ms;
  }
  queue_.emplace(due_ms, key);
}

void Schedule::Remove(std::string_view key) {
  const auto at = due_.find(key);
  if (at == due_.end()) return;
  queue_.erase({at->second, at->first});
  due_.erase(at);
}

std::optional<std::string> Schedule::TakeNextDue(int64_t now_ms) {
  if (NextDue() > now_ms) return std::nullopt;
  std::string key = queue_.begin()->second;
  Remove(key);
  return key;
}

std::vector<std::string> Schedule::TakeDue(int64_t now_ms) {
  std::vector<std::string> keys;
  while (std::optional<std::string> key = TakeNextDue(now_ms)) keys.push_back(*std::move(key));
  return keys;
}

}  // namespace vigil::alerting
