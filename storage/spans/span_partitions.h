// SPDX-License-Identifier: Apache-2.0
//
// Which partitions the span blocks of one shard are in, and dropping them with their index entries.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include <absl/base/thread_annotations.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/mutex.h"
#include "storage/kv/kv_store.h"
#include "storage/model/ids.h"

namespace vigil::storage {

// Thread-safe.
class SpanPartitions {
 public:
  // `store` must outlive the object.
  SpanPartitions(uint8_t shard, KeyValueStore* store) : shard_(shard), store_(*store) {}

  // Finds the partitions. Returns the highest sequence of a block, 0 if there is none. Called once,
  // before anything else; costs a few seeks for each partition.
  absl::StatusOr<uint64_t> Load();

  // Notes that flush number `flush` writes blocks into the partitions.
  void Add(TenantId tenant, const std::set<int64_t>& starts_ns, uint64_t flush);

  // Drops the blocks of partitions before `first_kept_ns` and what leads to them. Partitions that
  // flushes after `through_flush` write to stay known.
  absl::Status DropBefore(int64_t first_kept_ns, uint64_t through_flush);

 private:
  // Starts, with the number of the last flush that wrote there (0 before this process).
  using Partitions = std::map<int64_t, uint64_t>;

  absl::StatusOr<uint64_t> LoadTenant(TenantId tenant);
  absl::Status DropTenantBefore(TenantId tenant, int64_t first_kept_ns);
  absl::Status DropIndex(TenantId tenant, int64_t first_kept_ns);

  const uint8_t shard_;
  KeyValueStore& store_;

  Mutex mutex_;
  std::map<TenantId, Partitions> tenants_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
