// SPDX-License-Identifier: Apache-2.0
#include "storage/logs/log_flush.h"

#include <algorithm>
#include <span>
#include <tuple>
#include <vector>

#include "storage/kv/record_keys.h"
#include "storage/logs/log_block.h"
#include "storage/records/block_rows.h"

namespace vigil::storage {
namespace {

using Rows = std::span<const NumberedRecord* const>;

std::vector<const NumberedRecord*> SortedRows(const std::vector<LogChunks::View>& views) {
  std::vector<const NumberedRecord*> rows;
  for (const LogChunks::View& view : views) {
    for (const NumberedRecord& entry : view.records) rows.push_back(&entry);
  }
  std::sort(rows.begin(), rows.end(), [](const NumberedRecord* a, const NumberedRecord* b) {
    return std::tie(a->record.time_ns, a->number) < std::tie(b->record.time_ns, b->number);
  });
  return rows;
}

}  // namespace

std::set<int64_t> AddSealedBlocks(const LogStream& stream, uint8_t shard,
                                  const RecordPartitioning& partitioning, size_t max_block_rows,
                                  WriteBatch* batch) {
  const std::vector<LogChunks::View> views = stream.Sealed();
  const std::vector<const NumberedRecord*> sorted = SortedRows(views);
  std::set<int64_t> partitions;
  for (Rows rest = sorted; !rest.empty();) {
    const Rows rows =
        rest.first(RowsOfNextBlock<NumberedRecord>(rest, partitioning, max_block_rows));
    const LogBlockKey key = {
        .tenant = stream.tenant(),
        .shard = shard,
        .partition_start_ns = partitioning.StartOf(rows.front()->record.time_ns),
        .stream = stream.number(),
        .first_ns = rows.front()->record.time_ns,
        .first_record = rows.front()->number,
    };
    partitions.insert(key.partition_start_ns);
    batch->Put(Family::kLogBlocks, key.Encode(), EncodeLogBlock(rows));
    rest = rest.subspan(rows.size());
  }
  return partitions;
}

}  // namespace vigil::storage
