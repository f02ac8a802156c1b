// SPDX-License-Identifier: Apache-2.0
//
// Sets of series numbers of one tenant in one shard, each named by an instant: which series have
// blocks in a partition, which had their last sample in an hour. Kept in memory, where such sets
// are small (an eighth of a byte to two bytes a member), and in rows of Family::kPostings: one for
// each set and 65536 neighbouring numbers, see docs/format/series_rows.md.
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
#include "storage/kv/index_keys.h"
#include "storage/kv/kv_store.h"
#include "storage/model/ids.h"
#include "storage/series/posting_list.h"

namespace vigil::storage {

// Thread-safe.
class NumberSets {
 public:
  NumberSets(TenantId tenant, uint8_t shard, NumberKind kind)
      : tenant_(tenant), shard_(shard), kind_(kind) {}

  // Takes in a row. Of a value that is damaged it takes that all the row's series are members, so
  // that none goes missing, and answers DataLoss; likewise for a damaged key, which it ignores.
  absl::Status Restore(std::string_view key, std::string_view value);

  void Add(int64_t instant_ms, uint32_t number);
  void AddAll(int64_t instant_ms, const SeriesSet& numbers);
  void RemoveAll(int64_t instant_ms, const SeriesSet& numbers);

  // The instants within the closed range whose sets have the number, ascending.
  std::vector<int64_t> InstantsOf(uint32_t number, TimeRange range) const;
  SeriesSet At(int64_t instant_ms) const;
  SeriesSet Union() const;
  // Calls visit(instant, numbers) in order, under the lock.
  void ForEach(absl::FunctionRef<void(int64_t, const SeriesSet&)> visit) const;

  bool HasBefore(int64_t instant_ms) const;
  // Forgets the sets before that instant; their rows are the caller's to remove.
  void DropBefore(int64_t instant_ms);

  // Adds the rows that have changed: what RowsWritten has not been told of yet.
  void AddRows(WriteBatch* batch) const;
  // The rows added last are written. Requires: no change since.
  void RowsWritten();

 private:
  const TenantId tenant_;
  const uint8_t shard_;
  const NumberKind kind_;
  mutable SharedMutex mutex_;
  std::map<int64_t, SeriesSet> sets_ ABSL_GUARDED_BY(mutex_);  // None is empty.
  // (instant, group) of the rows that have changed.
  std::set<std::pair<int64_t, uint32_t>> changed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::storage
