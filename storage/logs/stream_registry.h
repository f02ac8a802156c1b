// SPDX-License-Identifier: Apache-2.0
//
// All log streams of one shard, by tenant, labels and number.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/mutex.h"
#include "storage/kv/kv_store.h"
#include "storage/logs/log_stream.h"
#include "storage/model/ids.h"
#include "storage/series/labels.h"
#include "storage/series/matcher.h"

namespace vigil::storage {

// Thread-safe.
class StreamRegistry {
 public:
  // `store` must outlive the registry.
  StreamRegistry(uint8_t shard, KeyValueStore* store) : shard_(shard), store_(*store) {}

  // Reads the rows of all streams. Called once, before anything else.
  absl::Status Load();

  // The stream with those labels, made if it is new.
  std::shared_ptr<LogStream> GetOrCreate(TenantId tenant, const Labels& labels);
  // How many streams the tenant has, those with nothing left included.
  uint64_t CountOf(TenantId tenant) const;
  bool Has(TenantId tenant, const Labels& labels) const;
  // The stream of that number; null if there is none.
  std::shared_ptr<LogStream> Find(TenantId tenant, uint64_t number) const;
  // Makes the stream that a journal defines, unless it is there. DataLoss if the number belongs to
  // other labels.
  absl::Status Define(TenantId tenant, uint64_t number, const Labels& labels);

  std::vector<std::shared_ptr<LogStream>> All() const;
  // Those of one tenant that meet the matchers, sorted by labels, then number.
  std::vector<std::shared_ptr<LogStream>> Match(TenantId tenant,
                                                const std::vector<Matcher>& matchers) const;

  // Forgets streams that have nothing left and that nobody else holds, and removes their rows.
  absl::Status RemoveEmpty();

 private:
  struct Tenant {
    absl::flat_hash_map<uint64_t, std::shared_ptr<LogStream>> by_number;
    absl::flat_hash_map<Labels, uint64_t> by_labels;
    uint64_t next_stream = 1;

    std::shared_ptr<LogStream> Find(const Labels& labels) const;
    std::shared_ptr<LogStream> Add(TenantId tenant, uint64_t number, StreamRow row);
    void Remove(const LogStream& stream);
  };

  bool AnyEmpty() const;
  absl::Status LoadTenant(TenantId tenant_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const uint8_t shard_;
  KeyValueStore& store_;

  mutable SharedMutex mutex_;
  absl::flat_hash_map<TenantId, Tenant> tenants_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
