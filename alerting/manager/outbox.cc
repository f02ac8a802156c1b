// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/outbox.h"

#include <utility>

namespace vigil::alerting {

OutboxEntry* Outbox::Put(OutboxEntry entry) {
  const auto [at, added] = entries_.insert_or_assign(entry.integration.Key(), std::move(entry));
  Reschedule(at->second);
  return &at->second;
}

OutboxEntry* Outbox::Find(std::string_view key) {
  const auto at = entries_.find(key);
  return at == entries_.end() ? nullptr : &at->second;
}

void Outbox::Remove(std::string_view key) {
  schedule_.Remove(key);
  if (const auto at = entries_.find(key); at != entries_.end()) entries_.erase(at);
}

void Outbox::Reschedule(const OutboxEntry& entry) {
  if (entry.in_flight) {
    schedule_.Remove(entry.integration.Key());
  } else {
    schedule_.Set(entry.integration.Key(), entry.next_attempt_ms);
  }
}

std::vector<OutboxEntry*> Outbox::TakeDue(int64_t now_ms) {
  std::vector<OutboxEntry*> due;
  for (const std::string& key : schedule_.TakeDue(now_ms)) due.push_back(Find(key));
  return due;
}

}  // namespace vigil::alerting
