// SPDX-License-Identifier: Apache-2.0
//
// Gives out the numbers of a shard's series. Series of one exporter are written together, so each
// exporter takes its numbers from a chunk of its own as long as that lasts: those that it names
// first today stand side by side, whoever else makes series meanwhile, and a tile of the head (see
// head_tile.h) is filled by one exporter.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include <absl/container/flat_hash_map.h>

#include "base/mutex.h"
#include "storage/metrics/chunk_table.h"

namespace vigil::storage {

// Numbers that exporters have for series to come. Forgotten when the process ends: what was not
// used by then never is. Exporters beyond some hundreds share.
class NumberLeases {
 private:
  friend class SeriesNumbers;
  // Enough for the exporters that one process watches; few enough to leave the numbers of a day
  // close together, whose rows are kept by 65536 neighbours.
  static constexpr uint64_t kExporters = 512;
  struct Lease {
    uint32_t left = 0;
    uint32_t next = 0;  // Anything when none is left.
  };
  // By the upper half of the exporter's hash, as the lower one says the shard.
  absl::flat_hash_map<uint32_t, Lease> leases_;
};

// Thread-safe.
class SeriesNumbers {
 public:
  // `last` is the highest number that may be given out.
  explicit SeriesNumbers(uint32_t last) : last_(last) {}

  // A number never given out before, for a series of that exporter. nullopt when all are. Leases
  // belong to this object's numbers alone, and are guarded by it.
  std::optional<uint32_t> Take(uint64_t exporter, NumberLeases* leases) {
    MutexLock lock(&mutex_);
    const auto holder = static_cast<uint32_t>((exporter >> 32) % NumberLeases::kExporters);
    NumberLeases::Lease& lease = leases->leases_[holder];
    if (lease.left == 0) {
      if (next_ > last_) return std::nullopt;
      const uint64_t in_chunk = kChunkSize - next_ % kChunkSize;
      const uint64_t end = std::min(next_ + in_chunk, uint64_t{last_} + 1);
      lease = {static_cast<uint32_t>(end - next_), static_cast<uint32_t>(next_)};
      next_ = end;
    }
    --lease.left;
    return lease.next++;
  }

  // Above all numbers that were given out, or may be.
  uint64_t next() const {
    MutexLock lock(&mutex_);
    return next_;
  }
  // Numbers below are in use. Does nothing when next() is higher.
  void RaiseNext(uint64_t next) {
    MutexLock lock(&mutex_);
    next_ = std::max(next_, next);
  }

 private:
  const uint32_t last_;
  mutable Mutex mutex_;
  uint64_t next_ ABSL_GUARDED_BY(mutex_) = 1;
};

}  // namespace vigil::storage
