// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/block_reader.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/status.h"
#include "storage/kv/keys.h"
#include "storage/metrics/corruption.h"
#include "storage/metrics/sample_merge.h"

namespace vigil::storage {
namespace {

// Decoded columns of times that a reader keeps, bytes. Beyond that it starts anew: a query over
// very many exporters reads some columns again rather than holding all.
constexpr size_t kMaxTimesBytes = 64 << 20;

}  // namespace

BlockReader::BlockReader(KeyValueStore* store, TenantId tenant, uint8_t shard)
    : store_(*store), tenant_(tenant), shard_(shard), snapshot_(store->NewSnapshot()) {}

absl::Status BlockReader::Read(int64_t partition_ms, uint32_t metric, uint32_t number,
                               TimeRange range, SampleColumns* columns) {
  const std::string prefix = BlockKey{.tenant = tenant_,
                                      .shard = shard_,
                                      .partition_start_ms = partition_ms,
                                      .metric = metric,
                                      .series = number}
                                 .SeriesPrefix();
  std::vector<Run> runs;
  std::unique_ptr<KeyValueIterator> iterator = TakeIterator();
  for (iterator->Seek(prefix); iterator->Valid() && iterator->key().starts_with(prefix);
       iterator->Next()) {
    const absl::StatusOr<BlockKey> key = BlockKey::Decode(iterator->key());
    if (!key.ok()) {
      ReportCorrupt("metric block key", iterator->key(), key.status());
      continue;
    }
    if (key->first_ms > range.end_ms) break;
    DecodeBlock(*key, iterator->value(), range, &runs);
  }
  absl::Status status = iterator->status();
  GiveBack(std::move(iterator));
  if (!status.ok()) ReportCorrupt("metric blocks", prefix, status);

  // Of samples for one instant the one in the block that was written last counts.
  std::sort(runs.begin(), runs.end(),
            [](const Run& a, const Run& b) { return a.sequence < b.sequence; });
  for (Run& run : runs) Overlay(std::move(run.samples), columns);
  return status;
}

void BlockReader::DecodeBlock(const BlockKey& key, std::string_view block, TimeRange range,
                              std::vector<Run>* runs) {
  const absl::StatusOr<MetricBlockHeader> header = PeekMetricBlock(block);
  if (header.ok() && header->max_ms < range.start_ms) return;
  const auto times_of = [this, &key](uint64_t id) {
    return TimesColumn({key.tenant, key.shard, key.partition_start_ms, id});
  };
  Run run = {.sequence = key.sequence, .samples = {}};
  const absl::Status status = DecodeMetricBlock(block, times_of, &run.samples);
  if (status.ok()) {
    runs->push_back(std::move(run));
  } else {
    ReportCorrupt("metric block", key.Encode(), status);
  }
}

absl::StatusOr<TimesPtr> BlockReader::TimesColumn(const TimestampColumnKey& key) {
  {
    MutexLock lock(&mutex_);
    if (const auto known = times_.find(key.column); known != times_.end()) return known->second;
  }
  VIGIL_ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                         store_.Get(Family::kBlocks, key.Encode(), snapshot_.get()));
  if (!bytes.has_value()) return absl::DataLossError("its column of times is missing");
  VIGIL_ASSIGN_OR_RETURN_WITH(std::vector<int64_t> times_ms, DecodeTimesColumn(*bytes),
                              "column of times");
  auto times = std::make_shared<const std::vector<int64_t>>(std::move(times_ms));
  const size_t size = times->size() * sizeof(int64_t);
  MutexLock lock(&mutex_);
  if (times_bytes_ + size > kMaxTimesBytes) {
    times_.clear();
    times_bytes_ = 0;
  }
  if (times_.emplace(key.column, times).second) times_bytes_ += size;
  return times;
}

std::unique_ptr<KeyValueIterator> BlockReader::TakeIterator() {
  {
    MutexLock lock(&mutex_);
    if (!iterators_.empty()) {
      std::unique_ptr<KeyValueIterator> iterator = std::move(iterators_.back());
      iterators_.pop_back();
      return iterator;
    }
  }
  return store_.NewIterator(Family::kBlocks, PrefixRange(ShardPrefix(tenant_, shard_)),
                            snapshot_.get());
}

void BlockReader::GiveBack(std::unique_ptr<KeyValueIterator> iterator) {
  // One that failed may keep failing.
  if (!iterator->status().ok()) return;
  MutexLock lock(&mutex_);
  iterators_.push_back(std::move(iterator));
}

}  // namespace vigil::storage
