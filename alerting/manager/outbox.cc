// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/outbox.h"

#include <utility>

namespace vigil::alerting {
namespace {

// That of a group in place of the digest's.
Integration CoveredBy(const OutboxEntry& digest, const std::string& group_id) {
  Integration integration = digest.integration;
  integration.group_id = group_id;
  return integration;
}

}  // namespace

void Outbox::Cover(const OutboxEntry& entry) {
  for (const auto& [group_id, told] : entry.covers) {
    covered_[CoveredBy(entry, group_id).Key()] = entry.integration.Key();
  }
}

void Outbox::Uncover(const OutboxEntry& entry) {
  const std::string key = entry.integration.Key();
  for (const auto& [group_id, told] : entry.covers) {
    const auto at = covered_.find(CoveredBy(entry, group_id).Key());
    if (at != covered_.end() && at->second == key) covered_.erase(at);
  }
}

OutboxEntry* Outbox::Put(OutboxEntry entry) {
  if (const OutboxEntry* const older = Find(entry.integration.Key())) Uncover(*older);
  Cover(entry);
  const auto [at, added] = entries_.insert_or_assign(entry.integration.Key(), std::move(entry));
  Reschedule(at->second);
  return &at->second;
}

OutboxEntry* Outbox::Find(std::string_view key) {
  const auto at = entries_.find(key);
  return at == entries_.end() ? nullptr : &at->second;
}

const OutboxEntry* Outbox::FindDigestFor(const Integration& integration) const {
  if (covered_.empty()) return nullptr;
  const auto at = covered_.find(integration.Key());
  return at == covered_.end() ? nullptr : &entries_.find(at->second)->second;
}

void Outbox::Remove(std::string_view key) {
  schedule_.Remove(key);
  const auto at = entries_.find(key);
  if (at == entries_.end()) return;
  Uncover(at->second);
  entries_.erase(at);
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
