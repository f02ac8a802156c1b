// SPDX-License-Identifier: Apache-2.0
//
// Turns sealed spans into blocks and index entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>

#include "storage/kv/kv_store.h"
#include "storage/model/ids.h"
#include "storage/records/partitioning.h"
#include "storage/spans/span_head.h"

namespace vigil::storage {

// Adds the blocks of one tenant's spans, numbered from `*next_sequence` on, and their index entries
// to `batch`. Returns the partitions they are in.
std::set<int64_t> AddSpanBlocks(const SpanHead& head, TenantId tenant, uint8_t shard,
                                const RecordPartitioning& partitioning, size_t max_block_rows,
                                uint64_t* next_sequence, WriteBatch* batch);

}  // namespace vigil::storage
