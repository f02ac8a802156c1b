// SPDX-License-Identifier: Apache-2.0
//
// Which labels series of one tenant in one shard have ever had, so that labels that are new are
// known as such without a look at the rows. Where series come and go most of those that are not in
// memory are new, and a look at the rows takes as long as everything else that making a series is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <absl/status/statusor.h>

#include "base/mutex.h"
#include "storage/kv/kv_store.h"
#include "storage/model/ids.h"
#include "storage/series/labels.h"
#include "storage/series/posting_list.h"

namespace vigil::storage {

// Half of each labels' hash, kept in memory: two to three bytes a series. Of labels that are new
// it takes one in 2^32 by the number of series for seen. Thread-safe, but for Learn.
class SeenLabels {
 public:
  // `store` must outlive it.
  SeenLabels(KeyValueStore* store, TenantId tenant, uint8_t shard)
      : store_(*store), tenant_(tenant), shard_(shard) {}

  // The store has rows of which Add was not told: whatever labels there are may have been seen,
  // until Learn has read the rows. Requires: Add is told of all rows that are written from now on.
  void NoteOlderRows();
  // As many series lost their rows.
  void NoteRemoved(uint64_t series);
  // Most of what was seen is gone: it is worth reading anew what is left.
  bool MostlyRemoved() const;
  // Learn is to do that; what was seen counts until it has. Requires: Add is told once more of all
  // labels that have no row yet, before Learn is called.
  void BeginAnew();

  void Add(const Labels& labels);
  // False only if neither Add was told of these labels, nor a row has them.
  bool MayContain(const Labels& labels) const;

  // Reads rows, if it has to, until `deadline_ns` (MonotonicNs), but some in any case. True if
  // there is more to read. After a failure it gives up.
  absl::StatusOr<bool> Learn(int64_t deadline_ns);

 private:
  // The upper half, which the keys of rows have. A set of numbers takes it for one.
  using Hashes = SeriesSet;
  static uint32_t UpperHalf(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }
  void BeginToLearnLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  KeyValueStore& store_;
  const TenantId tenant_;
  const uint8_t shard_;
  mutable Mutex mutex_;
  bool complete_ ABSL_GUARDED_BY(mutex_) = true;
  Hashes seen_ ABSL_GUARDED_BY(mutex_);
  uint64_t removed_ ABSL_GUARDED_BY(mutex_) = 0;
  // What takes the place of seen_ when all rows are read.
  std::optional<Hashes> learned_ ABSL_GUARDED_BY(mutex_);
  std::string next_key_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
