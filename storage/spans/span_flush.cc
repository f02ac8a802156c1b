// SPDX-License-Identifier: Apache-2.0
#include "storage/spans/span_flush.h"

#include <span>
#include <vector>

#include "storage/kv/record_keys.h"
#include "storage/records/block_rows.h"
#include "storage/spans/span_block.h"
#include "storage/spans/span_read.h"
#include "storage/spans/trace_index.h"

namespace vigil::storage {
namespace {

using Rows = std::span<const Span* const>;

}  // namespace

std::set<int64_t> AddSpanBlocks(const SpanHead& head, TenantId tenant, uint8_t shard,
                                const RecordPartitioning& partitioning, size_t max_block_rows,
                                uint64_t* next_sequence, WriteBatch* batch) {
  const std::vector<SpanChunks::View> views = head.Spans(tenant);
  const std::vector<const Span*> spans = LatestByStart(views);
  std::set<int64_t> partitions;
  for (Rows rest = spans; !rest.empty();) {
    const Rows rows = rest.first(RowsOfNextBlock<Span>(rest, partitioning, max_block_rows));
    const SpanBlockKey key = {
        .tenant = tenant,
        .shard = shard,
        .partition_start_ns = partitioning.StartOf(rows.front()->start_ns),
        .sequence = (*next_sequence)++,
    };
    partitions.insert(key.partition_start_ns);
    batch->Put(Family::kSpanBlocks, key.Encode(), EncodeSpanBlock(rows));
    AddTraceIndex(key, rows, batch);
    rest = rest.subspan(rows.size());
  }
  return partitions;
}

}  // namespace vigil::storage
