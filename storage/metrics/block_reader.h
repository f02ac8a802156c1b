// SPDX-License-Identifier: Apache-2.0
//
// Reads metric blocks of one tenant in one shard as they are at one moment.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/duration.h"
#include "base/mutex.h"
#include "storage/block/metric_block.h"
#include "storage/kv/kv_store.h"
#include "storage/kv/record_keys.h"
#include "storage/model/ids.h"
#include "storage/model/sample.h"

namespace vigil::storage {

// Thread-safe. Keeps a snapshot of the store for as long as it lives.
class BlockReader {
 public:
  // `store` must outlive the reader.
  BlockReader(KeyValueStore* store, TenantId tenant, uint8_t shard);

  // Puts the samples that blocks of a series in one partition have in `range` into `*columns`,
  // which may get others of these blocks too. `metric` is MetricHash of the series' metric name.
  // Damaged blocks are reported and skipped. DataLoss or Unavailable when the store failed before
  // the last block; what was read until then is there.
  absl::Status Read(int64_t partition_ms, uint32_t metric, uint32_t number, TimeRange range,
                    SampleColumns* columns);

 private:
  // What one block holds.
  struct Run {
    uint64_t sequence;
    SampleColumns samples;
  };

  void DecodeBlock(const BlockKey& key, std::string_view block, TimeRange range,
                   std::vector<Run>* runs);
  absl::StatusOr<TimesPtr> TimesColumn(const TimestampColumnKey& key);
  std::unique_ptr<KeyValueIterator> TakeIterator();
  void GiveBack(std::unique_ptr<KeyValueIterator> iterator);

  KeyValueStore& store_;
  const TenantId tenant_;
  const uint8_t shard_;
  const std::unique_ptr<KeyValueSnapshot> snapshot_;

  Mutex mutex_;
  // Not in use now. Making one costs more than a seek.
  std::vector<std::unique_ptr<KeyValueIterator>> iterators_ ABSL_GUARDED_BY(mutex_);
  // Columns that blocks share, by id: the series of a query mostly share theirs.
  absl::flat_hash_map<uint64_t, TimesPtr> times_ ABSL_GUARDED_BY(mutex_);
  size_t times_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace vigil::storage
