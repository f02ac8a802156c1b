// SPDX-License-Identifier: Apache-2.0
//
// Reads metric blocks of one tenant in one shard as they are at one moment.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <absl/status/status.h>

#include "base/duration.h"
#include "base/mutex.h"
#include "storage/kv/kv_store.h"
#include "storage/kv/record_keys.h"
#include "storage/metrics/times_cache.h"
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
  // the last block; what was read until then is there. Requires: `*columns` is empty.
  absl::Status Read(int64_t partition_ms, uint32_t metric, uint32_t number, TimeRange range,
                    SampleColumns* columns);

 private:
  std::unique_ptr<KeyValueIterator> TakeIterator();
  void GiveBack(std::unique_ptr<KeyValueIterator> iterator);

  KeyValueStore& store_;
  const TenantId tenant_;
  const uint8_t shard_;
  const std::unique_ptr<KeyValueSnapshot> snapshot_;
  TimesCache times_;

  Mutex mutex_;
  // Not in use now. Making one costs more than a seek.
  std::vector<std::unique_ptr<KeyValueIterator>> iterators_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
