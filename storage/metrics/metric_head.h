// SPDX-License-Identifier: Apache-2.0
//
// The samples of a shard that are in memory only, in tiles of neighbouring series. A head is open
// until it is sealed, then only read, written as blocks and dropped; see
// storage/shard/shard_part.h.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include <absl/functional/function_ref.h>

#include "base/duration.h"
#include "base/mutex.h"
#include "storage/metrics/chunk_table.h"
#include "storage/metrics/exemplar_head.h"
#include "storage/metrics/head_tile.h"
#include "storage/metrics/metric_shard.h"
#include "storage/metrics/partitioning.h"
#include "storage/metrics/querier.h"
#include "storage/model/ids.h"
#include "storage/model/sample.h"
#include "storage/series/series_index.h"

namespace vigil::storage {

// Thread-safe. Tiles have a lock each, which is held for the length of one run of a batch or the
// copying of one series.
class MetricHead {
 public:
  explicit MetricHead(Partitioning partitioning) : partitioning_(partitioning) {}

  // Puts the samples in. Adds to `*marks` where the index may not know yet that a series has
  // samples; partitions before `expired_before_ms` are never marked.
  void Append(TenantId tenant, const MetricBatch& batch, int64_t expired_before_ms,
              std::vector<SeriesIndex::Presence>* marks);

  // Appends the samples of a series in `range` to `*columns`, sorted, one per instant. Requires:
  // `*columns` is empty.
  void Read(uint32_t number, TimeRange range, SampleColumns* columns) const;

  // The last of those samples; kUnknown where they must be put in order first.
  NewestSample ReadNewest(uint32_t number, TimeRange range) const;

  // The same as Read for all series of a chunk, by slot; `*columns` is filled anew.
  void ReadChunk(uint32_t chunk, TimeRange range, TileColumns* columns) const;
  // The instants of all floats of a chunk: calls visit(slots, times_ms) for series that have them
  // in common, each series being in one call. False, and no call, if series must be looked at one
  // by one.
  bool VisitTimes(uint32_t chunk, TimeRange range,
                  absl::FunctionRef<void(SlotSet, std::span<const int64_t>)> visit) const;

  // Puts tiles in order of time where that helps reading. Readers see no difference.
  void SortRows();

  // Whether the series has samples here.
  bool Contains(uint32_t number) const;

  struct Member {
    TenantId tenant;
    uint32_t number;
  };
  // The series with samples here, ascending by tenant, then number.
  std::vector<Member> Members() const;

  // The index has dropped those partitions: the next sample in one of them is marked again.
  void ForgetMarksBefore(int64_t partition_ms);

  const ExemplarHead& exemplars() const { return exemplars_; }

  uint64_t samples() const { return samples_.load(std::memory_order_relaxed); }
  // About the memory taken.
  size_t size_bytes() const {
    return size_bytes_.load(std::memory_order_relaxed) + exemplars_.size_bytes();
  }

 private:
  struct Chunk {
    mutable Mutex mutex;
    HeadTile tile ABSL_GUARDED_BY(mutex);
    // The partition last marked, and the series for which it was. No instant is in it at first.
    int64_t marked_first_ms ABSL_GUARDED_BY(mutex) = 1;
    int64_t marked_last_ms ABSL_GUARDED_BY(mutex) = 0;
    SlotSet marked ABSL_GUARDED_BY(mutex) = 0;
    // Where the next floats will be written, for Prefetch.
    std::atomic<const void*> next_row{nullptr};
    std::atomic<const double*> next_value{nullptr};
    std::array<TenantId, kChunkSize> tenants ABSL_GUARDED_BY(mutex) = {};

    bool AreMarked(SlotSet slots, int64_t time_ms) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
      return time_ms >= marked_first_ms && time_ms <= marked_last_ms && (slots & ~marked) == 0;
    }
  };
  struct Appender;

  // Take the samples that come next in the batch as long as they belong to the chunk. Return by how
  // many bytes it grew.
  size_t AppendFloats(Appender& appender, uint32_t chunk_number, Chunk* chunk);
  size_t AppendHistograms(Appender& appender, uint32_t chunk_number, Chunk* chunk);
  // Has the cache fetch what floats for the one chunk will touch, and the start of the other.
  void Prefetch(uint32_t next_number, uint32_t later_number) const;
  // Notes that series of the chunk have samples in a partition, as far as that is not known.
  void Mark(Appender& appender, uint32_t chunk_number, SlotSet slots, int64_t time_ms, Chunk* chunk)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(chunk->mutex);

  const Partitioning partitioning_;
  ChunkTable<Chunk> chunks_;
  ExemplarHead exemplars_;
  std::atomic<uint64_t> samples_{0};
  std::atomic<size_t> size_bytes_{0};
};

}  // namespace vigil::storage
