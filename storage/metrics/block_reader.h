// SPDX-License-Identifier: Apache-2.0
//
// Reads metric blocks of one tenant in one shard as they are at one moment.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <absl/status/status.h>

#include "base/duration.h"
#include "base/mutex.h"
#include "storage/kv/kv_store.h"
#include "storage/kv/record_keys.h"
#include "storage/metrics/querier.h"
#include "storage/metrics/times_cache.h"
#include "storage/model/ids.h"
#include "storage/model/sample.h"

namespace vigil::storage {

// Thread-safe. Keeps a snapshot of the store for as long as it lives.
class BlockReader {
 public:
  // What is given must outlive the reader; `recent` may be null.
  BlockReader(KeyValueStore* store, TenantId tenant, uint8_t shard, DecodedTimes* recent = nullptr);

  // Appends the samples that blocks of a series in one partition have in `range` to `*columns`.
  // `metric` is MetricHash of the series' metric name. Damaged blocks are reported and skipped.
  // DataLoss or Unavailable when the store failed before the last block; what was read until then
  // is there. Requires: what `*columns` has is from before the partition.
  absl::Status Read(int64_t partition_ms, uint32_t metric, uint32_t number, TimeRange range,
                    SampleColumns* columns);

  ReadStatistics Statistics() const { return {blocks_.load(), bytes_.load()}; }

 private:
  // An iterator that is not in use.
  struct Parked {
    std::unique_ptr<KeyValueIterator> iterator;
    // It stands at the first block of a series, behind those of the one read before.
    bool at_series = false;
    BlockKey before = {};
    // Until stepping over the series between two that were read has once not led there.
    bool steps_pay = true;
  };
  // One that stands at the series of `key` or shortly before it, if there is one: who reads series
  // in the order of their keys need not seek. Otherwise at_series is false.
  Parked Take(const BlockKey& key, std::string_view prefix);
  void Park(Parked parked);

  KeyValueStore& store_;
  const TenantId tenant_;
  const uint8_t shard_;
  const std::unique_ptr<KeyValueSnapshot> snapshot_;
  TimesCache times_;
  std::atomic<uint64_t> blocks_{0};
  std::atomic<uint64_t> bytes_{0};

  Mutex mutex_;
  std::vector<Parked> parked_ ABSL_GUARDED_BY(mutex_);  // The one used last is the last.
};

}  // namespace vigil::storage
