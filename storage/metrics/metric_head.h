// SPDX-License-Identifier: Apache-2.0
//
// The samples of a shard that are in memory only: open columns per series. A head is open until it
// is sealed, then only read, written as blocks and dropped; see storage/shard/shard_part.h.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include <absl/functional/function_ref.h>

#include "base/duration.h"
#include "base/mutex.h"
#include "storage/metrics/chunk_table.h"
#include "storage/metrics/head_columns.h"
#include "storage/metrics/metric_shard.h"
#include "storage/metrics/partitioning.h"
#include "storage/model/ids.h"
#include "storage/model/sample.h"
#include "storage/series/series_index.h"

namespace vigil::storage {

// Thread-safe. Chunks of neighbouring series have a lock each, which is held for the length of one
// run of a batch or the copying of one series.
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

  // Puts all columns in order for good. Readers see no difference.
  void Normalize();

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

  uint64_t samples() const { return samples_.load(std::memory_order_relaxed); }
  // About the memory taken.
  size_t size_bytes() const { return size_bytes_.load(std::memory_order_relaxed); }

 private:
  // One cache line, so that finding a series' columns costs one miss.
  struct alignas(64) Series {
    HeadColumns columns;
    // The partition last marked; no instant is in it when there is none.
    int64_t marked_first_ms = 1;
    int64_t marked_last_ms = 0;
    TenantId tenant = kDefaultTenant;
  };
  struct Chunk {
    mutable Mutex mutex;
    std::array<Series, kChunkSize> series ABSL_GUARDED_BY(mutex);
  };
  // Samples [begin, end) of a batch whose series are in one chunk.
  struct Run {
    size_t begin;
    size_t end;
  };
  struct Appender;

  size_t AppendFloats(Appender& appender, Run run, Chunk* chunk);
  size_t AppendHistograms(Appender& appender, Run run, Chunk* chunk);
  // Called when a sample is outside of the partition that the series was last marked in.
  void Mark(Appender& appender, uint32_t number, int64_t time_ms, Series* series);

  const Partitioning partitioning_;
  ChunkTable<Chunk> chunks_;
  std::atomic<uint64_t> samples_{0};
  std::atomic<size_t> size_bytes_{0};
};

}  // namespace vigil::storage
