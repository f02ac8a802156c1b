// SPDX-License-Identifier: Apache-2.0
#include "storage/logs/stream_registry.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "storage/kv/keys.h"
#include "storage/kv/record_keys.h"
#include "storage/records/tenant_scan.h"

namespace vigil::storage {

std::shared_ptr<LogStream> StreamRegistry::Tenant::Find(const Labels& labels) const {
  const auto number = by_labels.find(labels);
  return number == by_labels.end() ? nullptr : by_number.at(number->second);
}

std::shared_ptr<LogStream> StreamRegistry::Tenant::Add(TenantId tenant, uint64_t number,
                                                       StreamRow row) {
  auto stream = std::make_shared<LogStream>(tenant, number, std::move(row));
  by_number.emplace(number, stream);
  by_labels[stream->labels()] = number;
  next_stream = std::max(next_stream, number + 1);
  return stream;
}

void StreamRegistry::Tenant::Remove(const LogStream& stream) {
  const auto named = by_labels.find(stream.labels());
  if (named != by_labels.end() && named->second == stream.number()) by_labels.erase(named);
  by_number.erase(stream.number());
}

absl::Status StreamRegistry::Load() {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<TenantId> tenants,
                         TenantsIn(store_, Family::kLogBlocks));
  WriterLock lock(&mutex_);
  for (const TenantId tenant : tenants) VIGIL_RETURN_IF_ERROR(LoadTenant(tenant));
  return absl::OkStatus();
}

absl::Status StreamRegistry::LoadTenant(TenantId tenant_id) {
  Tenant& tenant = tenants_[tenant_id];
  return ForEach(
      store_, Family::kLogBlocks, PrefixRange(LogStreamKey::Prefix(tenant_id, shard_)),
      [&](std::string_view encoded_key, std::string_view value) -> absl::Status {
        VIGIL_ASSIGN_OR_RETURN(const LogStreamKey key, LogStreamKey::Decode(encoded_key));
        if (key.stream == kNextStreamRow) {
          VIGIL_ASSIGN_OR_RETURN_WITH(const uint64_t next_stream, DecodeNextStream(value),
                                      "number of the next log stream");
          tenant.next_stream = std::max(tenant.next_stream, next_stream);
          return absl::OkStatus();
        }
        VIGIL_ASSIGN_OR_RETURN_WITH(StreamRow row, StreamRow::Decode(value),
                                    fmt::format("row of log stream {}", key.stream));
        tenant.Add(tenant_id, key.stream, std::move(row));
        return absl::OkStatus();
      });
}

std::shared_ptr<LogStream> StreamRegistry::GetOrCreate(TenantId tenant_id, const Labels& labels) {
  {
    ReaderLock lock(&mutex_);
    if (const auto tenant = tenants_.find(tenant_id); tenant != tenants_.end()) {
      if (std::shared_ptr<LogStream> stream = tenant->second.Find(labels)) return stream;
    }
  }
  WriterLock lock(&mutex_);
  Tenant& tenant = tenants_[tenant_id];
  if (std::shared_ptr<LogStream> stream = tenant.Find(labels)) return stream;
  return tenant.Add(tenant_id, tenant.next_stream, {.labels = labels});
}

uint64_t StreamRegistry::CountOf(TenantId tenant_id) const {
  ReaderLock lock(&mutex_);
  const auto tenant = tenants_.find(tenant_id);
  return tenant == tenants_.end() ? 0 : tenant->second.by_number.size();
}

bool StreamRegistry::Has(TenantId tenant_id, const Labels& labels) const {
  ReaderLock lock(&mutex_);
  const auto tenant = tenants_.find(tenant_id);
  return tenant != tenants_.end() && tenant->second.by_labels.contains(labels);
}

std::shared_ptr<LogStream> StreamRegistry::Find(TenantId tenant_id, uint64_t number) const {
  ReaderLock lock(&mutex_);
  const auto tenant = tenants_.find(tenant_id);
  if (tenant == tenants_.end()) return nullptr;
  const auto stream = tenant->second.by_number.find(number);
  return stream == tenant->second.by_number.end() ? nullptr : stream->second;
}

absl::Status StreamRegistry::Define(TenantId tenant_id, uint64_t number, const Labels& labels) {
  WriterLock lock(&mutex_);
  Tenant& tenant = tenants_[tenant_id];
  const auto known = tenant.by_number.find(number);
  if (known == tenant.by_number.end()) {
    tenant.Add(tenant_id, number, {.labels = labels});
    return absl::OkStatus();
  }
  if (known->second->labels() == labels) return absl::OkStatus();
  return absl::DataLossError(fmt::format("log stream {} is {} and {}", number,
                                         known->second->labels().ToString(), labels.ToString()));
}

std::vector<std::shared_ptr<LogStream>> StreamRegistry::All() const {
  ReaderLock lock(&mutex_);
  std::vector<std::shared_ptr<LogStream>> streams;
  for (const auto& [id, tenant] : tenants_) {
    for (const auto& [number, stream] : tenant.by_number) streams.push_back(stream);
  }
  return streams;
}

std::vector<std::shared_ptr<LogStream>> StreamRegistry::Match(
    TenantId tenant_id, const std::vector<Matcher>& matchers) const {
  std::vector<std::shared_ptr<LogStream>> streams;
  {
    ReaderLock lock(&mutex_);
    const auto tenant = tenants_.find(tenant_id);
    if (tenant == tenants_.end()) return streams;
    streams.reserve(tenant->second.by_number.size());
    for (const auto& [number, stream] : tenant->second.by_number) streams.push_back(stream);
  }
  // Expressions are matched without the lock: they may take a while.
  std::erase_if(streams,
                [&](const auto& stream) { return !MatchesAll(matchers, stream->labels()); });
  std::sort(streams.begin(), streams.end(), [](const auto& a, const auto& b) {
    const auto order = a->labels() <=> b->labels();
    return order != 0 ? order < 0 : a->number() < b->number();
  });
  return streams;
}

bool StreamRegistry::AnyEmpty() const {
  ReaderLock lock(&mutex_);
  for (const auto& [tenant_id, tenant] : tenants_) {
    for (const auto& [number, stream] : tenant.by_number) {
      if (stream->Empty()) return true;
    }
  }
  return false;
}

absl::Status StreamRegistry::RemoveEmpty() {
  // Mostly there is none, which is found out without stopping writers.
  if (!AnyEmpty()) return absl::OkStatus();
  // Under the lock nobody can get hold of a stream, and a use count of one says that nobody has it.
  // The rows go under it, too (a small write, once a partition is dropped): afterwards the same
  // labels may come back under a new number, and a restart must not find both.
  WriterLock lock(&mutex_);
  WriteBatch batch;
  std::vector<std::shared_ptr<LogStream>> removed;
  for (const auto& [tenant_id, tenant] : tenants_) {
    const size_t before = removed.size();
    for (const auto& [number, stream] : tenant.by_number) {
      if (stream.use_count() > 1 || !stream->Empty()) continue;
      batch.Delete(Family::kLogBlocks, LogStreamKey{tenant_id, shard_, number}.Encode());
      removed.push_back(stream);
    }
    if (removed.size() == before) continue;
    batch.Put(Family::kLogBlocks, LogStreamKey{tenant_id, shard_, kNextStreamRow}.Encode(),
              EncodeNextStream(tenant.next_stream));
  }
  if (batch.empty()) return absl::OkStatus();
  // With a sync: the journal is apart, and may tell of the new numbers.
  VIGIL_RETURN_IF_ERROR_WITH(store_.Write(batch, Durability::kSync), "removing log streams");
  for (const auto& stream : removed) tenants_[stream->tenant()].Remove(*stream);
  return absl::OkStatus();
}

}  // namespace vigil::storage
