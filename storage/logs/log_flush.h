// SPDX-License-Identifier: Apache-2.0
//
// Turns a stream's sealed records into blocks.
#pragma once

#include <cstdint>
#include <set>

#include "storage/kv/kv_store.h"
#include "storage/logs/log_stream.h"
#include "storage/records/partitioning.h"

namespace vigil::storage {

// Adds the blocks of the stream's sealed records to `batch` and returns the partitions they are in.
std::set<int64_t> AddSealedBlocks(const LogStream& stream, uint8_t shard,
                                  const RecordPartitioning& partitioning, size_t max_block_rows,
                                  WriteBatch* batch);

}  // namespace vigil::storage
