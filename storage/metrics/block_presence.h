// SPDX-License-Identifier: Apache-2.0
//
// Which series of one tenant in one shard have blocks in which partition, so that opening a store
// and planning a read do not walk blocks.
#pragma once

#include <cstdint>
#include <vector>

#include "base/duration.h"
#include "storage/metrics/number_sets.h"

namespace vigil::storage {

// May name blocks that were never written, or are gone, but names all that there are. Thread-safe.
class BlockPresence : public NumberSets {
 public:
  BlockPresence(TenantId tenant, uint8_t shard) : NumberSets(tenant, shard, NumberKind::kBlocks) {}

  // The series has no blocks in the partition any more.
  void Remove(int64_t partition_ms, uint32_t number) {
    RemoveAll(partition_ms, SeriesSet::bitmapOf(1, number));
  }

  // The partitions within the closed range where the series may have blocks, ascending.
  std::vector<int64_t> PartitionsOf(uint32_t number, TimeRange partitions) const {
    return InstantsOf(number, partitions);
  }
};

}  // namespace vigil::storage
