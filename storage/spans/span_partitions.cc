// SPDX-License-Identifier: Apache-2.0
#include "storage/spans/span_partitions.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/block/row_block_reader.h"
#include "storage/kv/keys.h"
#include "storage/kv/record_keys.h"
#include "storage/records/corrupt_block.h"
#include "storage/records/tenant_scan.h"
#include "storage/spans/span_block.h"
#include "storage/spans/trace_index.h"

namespace vigil::storage {
namespace {

// Index entries are removed in batches of about this size, which bounds memory.
constexpr size_t kDropBatchBytes = 1 << 20;

// Adds the removal of what leads to the block. A corrupt block leaves its entries: they lead
// nowhere, which readers pass over.
void RemoveIndexOf(std::string_view encoded_key, const SpanBlockKey& key, std::string_view value,
                   WriteBatch* batch) {
  const auto trace_ids = [value]() -> absl::StatusOr<TraceIdColumn> {
    VIGIL_ASSIGN_OR_RETURN(const RowBlockReader reader, RowBlockReader::Open(value));
    VIGIL_ASSIGN_OR_RETURN(SpanBlockRows rows, SpanBlockRows::Read(reader));
    return std::move(rows.trace_ids);
  }();
  if (trace_ids.ok()) {
    RemoveTraceIndex(key, *trace_ids, batch);
  } else {
    ReportCorruptBlock(Family::kSpanBlocks, encoded_key, trace_ids.status());
  }
}

}  // namespace

absl::StatusOr<uint64_t> SpanPartitions::Load() {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<TenantId> tenants,
                         TenantsIn(store_, Family::kSpanBlocks));
  uint64_t highest = 0;
  for (const TenantId tenant : tenants) {
    VIGIL_ASSIGN_OR_RETURN(const uint64_t sequence, LoadTenant(tenant));
    highest = std::max(highest, sequence);
  }
  return highest;
}

absl::StatusOr<uint64_t> SpanPartitions::LoadTenant(TenantId tenant) {
  uint64_t highest = 0;
  std::set<int64_t> starts_ns;
  const KeyRange all = PrefixRange(ShardPrefix(tenant, shard_));
  const std::unique_ptr<KeyValueIterator> at = store_.NewIterator(Family::kSpanBlocks, all);
  for (at->Seek(all.lower); at->Valid();) {
    VIGIL_ASSIGN_OR_RETURN(const SpanBlockKey first, SpanBlockKey::Decode(at->key()));
    starts_ns.insert(first.partition_start_ns);
    const KeyRange partition =
        PrefixRange(PartitionPrefix(tenant, shard_, first.partition_start_ns));
    const std::unique_ptr<KeyValueIterator> last =
        store_.NewIterator(Family::kSpanBlocks, partition);
    last->SeekToLast();
    if (!last->Valid()) break;
    VIGIL_ASSIGN_OR_RETURN(const SpanBlockKey key, SpanBlockKey::Decode(last->key()));
    highest = std::max(highest, key.sequence);
    if (partition.upper.empty()) break;
    at->Seek(partition.upper);
  }
  VIGIL_RETURN_IF_ERROR_WITH(at->status(), "looking for partitions of spans");
  Add(tenant, starts_ns, 0);
  return highest;
}

void SpanPartitions::Add(TenantId tenant, const std::set<int64_t>& starts_ns, uint64_t flush) {
  MutexLock lock(&mutex_);
  for (const int64_t start_ns : starts_ns) tenants_[tenant][start_ns] = flush;
}

absl::Status SpanPartitions::DropBefore(int64_t first_kept_ns, uint64_t through_flush) {
  std::vector<TenantId> tenants;
  {
    MutexLock lock(&mutex_);
    for (const auto& [tenant, partitions] : tenants_) {
      if (!partitions.empty() && partitions.begin()->first < first_kept_ns) {
        tenants.push_back(tenant);
      }
    }
  }
  for (const TenantId tenant : tenants) {
    VIGIL_RETURN_IF_ERROR_WITH(DropTenantBefore(tenant, first_kept_ns), "dropping spans");
    MutexLock lock(&mutex_);
    std::erase_if(tenants_[tenant], [&](const auto& partition) {
      return partition.first < first_kept_ns && partition.second <= through_flush;
    });
  }
  return absl::OkStatus();
}

absl::Status SpanPartitions::DropTenantBefore(TenantId tenant, int64_t first_kept_ns) {
  // The index first: when the process ends in between, the blocks still tell what is left to drop.
  VIGIL_RETURN_IF_ERROR(DropIndex(tenant, first_kept_ns));
  return store_.DropRange(Family::kSpanBlocks, ShardPrefix(tenant, shard_),
                          PartitionPrefix(tenant, shard_, first_kept_ns));
}

absl::Status SpanPartitions::DropIndex(TenantId tenant, int64_t first_kept_ns) {
  WriteBatch batch;
  VIGIL_RETURN_IF_ERROR(
      ForEach(store_, Family::kSpanBlocks,
              {ShardPrefix(tenant, shard_), PartitionPrefix(tenant, shard_, first_kept_ns)},
              [&](std::string_view encoded_key, std::string_view value) -> absl::Status {
                VIGIL_ASSIGN_OR_RETURN(const SpanBlockKey key, SpanBlockKey::Decode(encoded_key));
                RemoveIndexOf(encoded_key, key, value, &batch);
                if (batch.size_bytes() < kDropBatchBytes) return absl::OkStatus();
                const absl::Status written = store_.Write(batch, Durability::kNoSync);
                batch.Clear();
                return written;
              }));
  return batch.empty() ? absl::OkStatus() : store_.Write(batch, Durability::kNoSync);
}

}  // namespace vigil::storage
