// SPDX-License-Identifier: Apache-2.0
//
// Which series of one tenant in one shard have blocks in which partition. Kept in memory, so that
// opening a store and planning a read do not walk blocks, and in rows of Family::kPostings: one for
// each partition and 65536 neighbouring numbers, see docs/format/block_presence.md.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include "base/duration.h"
#include "base/mutex.h"
#include "storage/kv/kv_store.h"
#include "storage/model/ids.h"
#include "storage/series/postings.h"

namespace vigil::storage {

// May name blocks that were never written, or are gone, but names all that there are. Thread-safe.
class BlockPresence {
 public:
  BlockPresence(TenantId tenant, uint8_t shard) : tenant_(tenant), shard_(shard) {}

  // Takes in a row. Of a value that is damaged it takes that all the row's series have blocks, so
  // that none goes missing, and answers DataLoss; likewise for a damaged key, which it ignores.
  absl::Status Restore(std::string_view key, std::string_view value);

  void Add(int64_t partition_ms, uint32_t number);

  // The series has no blocks in the partition any more.
  void Remove(int64_t partition_ms, uint32_t number);

  // The partitions within the closed range where the series may have blocks, ascending.
  std::vector<int64_t> PartitionsOf(uint32_t number, TimeRange partitions) const;
  // Calls visit(partition, numbers) in order, under the lock.
  void ForEach(absl::FunctionRef<void(int64_t, const SeriesSet&)> visit) const;

  bool HasPartitionBefore(int64_t partition_ms) const;
  void DropBefore(int64_t partition_ms);

  // Adds the rows that have changed.
  void AddRows(WriteBatch* batch) const;
  // The rows added last are written. Requires: no Add since.
  void RowsWritten();

 private:
  const TenantId tenant_;
  const uint8_t shard_;
  mutable SharedMutex mutex_;
  std::map<int64_t, SeriesSet> partitions_ ABSL_GUARDED_BY(mutex_);
  // (partition, number / 65536) of the rows that have changed.
  std::set<std::pair<int64_t, uint32_t>> changed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
