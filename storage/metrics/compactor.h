// SPDX-License-Identifier: Apache-2.0
//
// Turns the short blocks that flushes write into long ones, partition by partition in the
// background.
//
// When a partition has been flushed into often enough, its new blocks are merged series by series;
// when it is over, everything in it is merged once more. So a sample is written three times in its
// life: by a flush, when its partition is still filling, and for good. Merging keeps, of samples
// for one instant, the one that was written last, lets series that shared their times share them
// again, and removes the columns of times that no block names any more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_set.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "storage/kv/kv_store.h"
#include "storage/kv/record_keys.h"
#include "storage/metrics/block_merge.h"
#include "storage/metrics/block_writer.h"
#include "storage/metrics/partitioning.h"
#include "storage/metrics/series_catalog.h"
#include "storage/metrics/times_cache.h"
#include "storage/model/ids.h"

namespace vigil::storage {

// Not thread-safe: nothing else may write metric blocks of the shard, or drop partitions, during a
// call.
class MetricCompactor {
 public:
  struct Target {
    uint8_t shard;
    Partitioning partitioning;
    KeyValueStore* store;
    SeriesCatalog* catalog;
    uint64_t* next_sequence;  // Of blocks and shared columns; written with every change.
  };
  explicit MetricCompactor(const Target& target) : target_(target) {}

  // A flush has written blocks of the partition.
  void NoteFlush(TenantId tenant, int64_t partition_ms);
  // After a restart: the latest partitions of each tenant may have short blocks.
  void NoteRestart();
  // Every partition is to be merged as if it was over.
  void RequestAll();
  // These partitions are gone.
  void ForgetBefore(int64_t partition_ms);

  // Does what is due at `now_ms` until that is done or MonotonicNs() passes `deadline_ns`; looks at
  // one series at least. True if there is more to do. What cannot be read because it is damaged is
  // reported and stays as it is; other failures end the work on their partition.
  absl::StatusOr<bool> Work(int64_t now_ms, int64_t deadline_ns);

 private:
  using PartitionName = std::pair<TenantId, int64_t>;
  // What happened to a partition since it was last merged.
  struct Partition {
    int flushes = 0;
    bool flushed = false;       // Since the last call of Work,
    int64_t last_flush_ms = 0;  // which then notes the time.
    bool requested = false;
  };
  // One pass over a partition. Its blocks are looked at in the order of their keys.
  struct Pass {
    PartitionName name;
    MergeExtent extent;
    uint64_t first_sequence;  // What is written from the pass on has this sequence at least.
    std::string next_key;
    // Columns of times that blocks which stay name. Not all, unless `complete`.
    absl::flat_hash_set<uint64_t> named_columns;
    bool complete = true;
    std::unique_ptr<TimesCache> times;
    std::unique_ptr<BlockWriter> writer;
    BlockRows rows;  // Of the writer, not stored yet.
  };

  std::optional<std::pair<PartitionName, MergeExtent>> NextDue(int64_t now_ms) const;
  void Begin(const PartitionName& name, MergeExtent extent);
  // Goes on with the pass; true when it has come to its end.
  absl::StatusOr<bool> Continue(int64_t deadline_ns);
  // The blocks of the series that the iterator stands at; moves it behind them.
  std::vector<StoredBlock> TakeSeries(KeyValueIterator* iterator);
  // Adds to the batch what merging the blocks of one series changes.
  absl::Status MergeSeries(const std::vector<StoredBlock>& blocks, WriteBatch* batch);
  // Writes what has been merged.
  absl::Status Store(WriteBatch* batch);
  absl::Status RemoveUnnamedColumns();

  const Target target_;
  std::map<PartitionName, Partition> partitions_;
  std::optional<Pass> pass_;
};

}  // namespace vigil::storage
