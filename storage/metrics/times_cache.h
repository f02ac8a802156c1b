// SPDX-License-Identifier: Apache-2.0
//
// The columns of times that blocks share, decoded: the series of a query, and of a compaction,
// mostly share theirs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>

#include "base/duration.h"
#include "base/mutex.h"
#include "storage/block/metric_block.h"
#include "storage/kv/kv_store.h"
#include "storage/kv/record_keys.h"

namespace vigil::storage {

// Decoded columns of one shard by their numbers, up to a number of bytes: with more it starts anew.
// A column never changes, and its number is never given to another. Thread-safe.
class DecodedTimes {
 public:
  explicit DecodedTimes(size_t max_bytes) : max_bytes_(max_bytes) {}

  // What is there of the column, if it covers `range`.
  std::optional<TimesPart> Find(uint64_t column, TimeRange range);
  // Replaces what is there of the column.
  void Put(uint64_t column, const TimesPart& times);

 private:
  const size_t max_bytes_;
  Mutex mutex_;
  absl::flat_hash_map<uint64_t, TimesPart> columns_ ABSL_GUARDED_BY(mutex_);
  size_t size_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

// For one tenant's blocks in one shard. Thread-safe.
class TimesCache {
 public:
  // Reads at `snapshot`, or at the present if it is null. Columns that it decodes whole go to
  // `recent`, too, and are found there by those that come after it; null: there are none. Borrows
  // all.
  TimesCache(KeyValueStore* store, const KeyValueSnapshot* snapshot,
             DecodedTimes* recent = nullptr);

  // A part of the column that covers `range`; all of it, where that has been decoded before.
  // DataLoss when the column is missing or damaged.
  absl::StatusOr<TimesPart> Get(const TimestampColumnKey& key, TimeRange range);

 private:
  absl::StatusOr<TimesPart> Load(const TimestampColumnKey& key, TimeRange range);

  KeyValueStore& store_;
  const KeyValueSnapshot* const snapshot_;
  DecodedTimes* const recent_;
  DecodedTimes own_;
};

}  // namespace vigil::storage
