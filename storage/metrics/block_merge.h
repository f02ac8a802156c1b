// SPDX-License-Identifier: Apache-2.0
//
// Which blocks of a series are worth merging, and merging them. See compactor.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/block/metric_block.h"
#include "storage/kv/record_keys.h"
#include "storage/model/sample.h"

namespace vigil::storage {

// A block as it is in the store.
struct StoredBlock {
  BlockKey key;
  MetricBlockHeader header;
  std::string bytes;
};

enum class MergeExtent : uint8_t {
  kNew,         // What flushes wrote, with each other.
  kEverything,  // All blocks that are not long already; also single ones that a flush wrote.
};

// The blocks to merge, as stretches [begin, end) that shall become one each. A block that is not in
// a stretch has no instant between the first and the last of one, so that merging never lets an
// older sample win over a newer one. Requires: blocks of one series, ascending by their keys;
// reorders none.
struct MergeStretch {
  size_t begin;
  size_t end;
};
std::vector<MergeStretch> PlanMerge(std::span<const StoredBlock> blocks, MergeExtent extent);

// The samples of all the blocks; of those for one instant the one in the block of the highest
// sequence. Blocks whose bytes are damaged, or their shared times, are reported and left out;
// `*left_out` gets their indexes. Errors are the store's.
absl::StatusOr<SampleColumns> MergeBlocks(std::span<const StoredBlock> blocks, TimesLookup times_of,
                                          std::vector<size_t>* left_out);

}  // namespace vigil::storage
