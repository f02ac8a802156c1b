// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/notification_log.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

namespace vigil::alerting {

std::string Integration::Key() const {
  if (kind == "webhook") return fmt::format("{}\n{}\n{}", index, group_id, receiver);
  return fmt::format("{}.{}\n{}\n{}", kind, index, group_id, receiver);
}

LogEntry MakeLogEntry(const Integration& integration, AlertSets told, int64_t now_ms,
                      int64_t repeat_interval_ms) {
  // Halved rather than doubled: a repeat interval can be as long as the type holds.
  const int64_t lifetime_ms =
      repeat_interval_ms < kRetentionMs / 2 ? 2 * repeat_interval_ms : kRetentionMs;
  return {integration, std::move(told), now_ms, now_ms + lifetime_ms, ""};
}

void NotificationLog::Put(LogEntry entry) {
  std::string key = entry.integration.Key();
  entries_.insert_or_assign(std::move(key), std::move(entry));
}

const LogEntry* NotificationLog::Find(std::string_view key, int64_t now_ms) const {
  const auto at = entries_.find(key);
  if (at == entries_.end() || at->second.expires_at_ms <= now_ms) return nullptr;
  return &at->second;
}

std::vector<std::string> NotificationLog::Collect(int64_t now_ms) {
  std::vector<std::string> keys;
  std::erase_if(entries_, [&](const auto& entry) {
    if (entry.second.expires_at_ms > now_ms) return false;
    keys.push_back(entry.first);
    return true;
  });
  return keys;
}

}  // namespace vigil::alerting
