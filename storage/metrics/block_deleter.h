// SPDX-License-Identifier: Apache-2.0
//
// Takes samples out of the blocks of a series. Blocks that lose all of theirs go, others are
// written anew without them.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>

#include <absl/status/statusor.h>

#include "base/duration.h"
#include "storage/kv/kv_store.h"
#include "storage/kv/record_keys.h"
#include "storage/model/ids.h"

namespace vigil::storage {

// For blocks of one tenant in one shard that nobody else changes meanwhile. Not thread-safe.
class BlockDeleter {
 public:
  // `store` must outlive the deleter.
  BlockDeleter(KeyValueStore* store, TenantId tenant, uint8_t shard)
      : store_(*store), tenant_(tenant), shard_(shard) {}

  struct Outcome {
    uint64_t samples = 0;  // Instants that have no sample any more.
    bool empty = false;    // The series has no block in the partition any more.
  };
  // Adds to `batch` what removes the samples of a series in `range` from its blocks in one
  // partition. The batch must be written as a whole: a block may hide an older sample in another.
  // Blocks that cannot be read are reported and left as they are. On failure nothing was added.
  absl::StatusOr<Outcome> Delete(int64_t partition_ms, uint32_t metric, uint32_t number,
                                 TimeRange range, WriteBatch* batch);

 private:
  // Returns whether the block stays, whole or in part.
  absl::StatusOr<bool> DeleteFromBlock(const BlockKey& key, std::string_view block, TimeRange range,
                                       std::set<int64_t>* deleted_ms, WriteBatch* batch);

  KeyValueStore& store_;
  const TenantId tenant_;
  const uint8_t shard_;
};

}  // namespace vigil::storage
