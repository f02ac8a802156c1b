// SPDX-License-Identifier: Apache-2.0
//
// Cuts sorted records into the rows of blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "storage/records/memory_size.h"
#include "storage/records/partitioning.h"

namespace vigil::storage {

// Records of a block take about this much memory at most (a single one may take more), so that
// reading a block costs a bounded amount however long its texts are.
inline constexpr size_t kMaxRecordBlockBytes = 8 << 20;

// How many of `rows` the next block takes: those of the first one's partition, as far as the limits
// of a block allow; at least one. `TimeOf` and `RecordOf` give a row's time and the record in it.
// Requires: rows is not empty.
template <typename Row>
size_t RowsOfNextBlock(std::span<const Row* const> rows, const RecordPartitioning& partitioning,
                       size_t max_rows) {
  const int64_t partition = partitioning.StartOf(TimeOf(*rows.front()));
  MemoryCounter memory;
  size_t count = 0;
  while (count < rows.size() && (count == 0 || count < max_rows)) {
    if (partitioning.StartOf(TimeOf(*rows[count])) != partition) break;
    memory.Add(RecordOf(*rows[count]));
    if (count > 0 && memory.bytes() > kMaxRecordBlockBytes) break;
    ++count;
  }
  return count;
}

}  // namespace vigil::storage
