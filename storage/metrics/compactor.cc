// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/compactor.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/status.h"
#include "storage/kv/keys.h"
#include "storage/metrics/corruption.h"
#include "storage/metrics/metric_loader.h"

namespace vigil::storage {
namespace {

// Flushes of a partition that is still filling until their blocks are merged: four hours of them at
// the default age. More would make the first merge better and reads until then slower.
constexpr int kFlushesToMerge = 8;
// A partition is over when nothing has been written to it for as long, and it has ended.
constexpr int64_t kSettleMs = 3'600'000;
// Partitions of a tenant, from the latest back, in which a restart may have left short blocks.
constexpr size_t kPartitionsAfterRestart = 2;

// Changes are written in steps of this, so that neither memory nor a batch grows with a partition.
constexpr size_t kBatchBytes = 4 << 20;
// Shared columns that a pass remembers. Beyond it forgets them all, and stores some once more.
constexpr size_t kMaxColumnBytes = 64 << 20;

bool Ended(const Partitioning& partitioning, int64_t partition_ms, int64_t now_ms) {
  return partitioning.EndOf(partition_ms) < now_ms - kSettleMs;
}

void CountMerged(size_t blocks, const SampleColumns& samples) {
  static Counter& merged_blocks =
      GetCounter("vigil_metric_blocks_merged_total", "Metric blocks replaced by longer ones.");
  static Counter& merged_samples =
      GetCounter("vigil_metric_samples_merged_total", "Samples in the blocks that replaced them.");
  merged_blocks.Add(static_cast<int64_t>(blocks));
  merged_samples.Add(
      static_cast<int64_t>(samples.times_ms.size() + samples.histogram_times_ms.size()));
}

}  // namespace

void MetricCompactor::NoteFlush(TenantId tenant, int64_t partition_ms) {
  Partition& partition = partitions_[{tenant, partition_ms}];
  ++partition.flushes;
  partition.flushed = true;
}

void MetricCompactor::NoteRestart() {
  for (TenantSeries* series : target_.catalog->Tenants()) {
    std::vector<int64_t> all;
    series->blocks.ForEach(
        [&all](int64_t partition_ms, const SeriesSet&) { all.push_back(partition_ms); });
    const size_t first = all.size() - std::min(all.size(), kPartitionsAfterRestart);
    for (size_t i = first; i < all.size(); ++i) {
      partitions_[{series->tenant, all[i]}].flushes = kFlushesToMerge;
    }
  }
}

void MetricCompactor::RequestAll() {
  for (TenantSeries* series : target_.catalog->Tenants()) {
    series->blocks.ForEach([this, series](int64_t partition_ms, const SeriesSet&) {
      partitions_[{series->tenant, partition_ms}].requested = true;
    });
  }
}

void MetricCompactor::ForgetBefore(int64_t partition_ms) {
  std::erase_if(partitions_,
                [partition_ms](const auto& entry) { return entry.first.second < partition_ms; });
  if (pass_.has_value() && pass_->name.second < partition_ms) pass_.reset();
}

std::optional<std::pair<MetricCompactor::PartitionName, MergeExtent>> MetricCompactor::NextDue(
    int64_t now_ms) const {
  for (const auto& [name, partition] : partitions_) {
    if (partition.requested) return std::pair(name, MergeExtent::kEverything);
  }
  for (const auto& [name, partition] : partitions_) {
    const bool often = partition.flushes >= kFlushesToMerge;
    const bool settled = partition.last_flush_ms <= now_ms - kSettleMs;
    if (Ended(target_.partitioning, name.second, now_ms)) {
      if (often || settled) return std::pair(name, MergeExtent::kEverything);
    } else if (often) {
      return std::pair(name, MergeExtent::kNew);
    }
  }
  return std::nullopt;
}

absl::StatusOr<bool> MetricCompactor::Work(int64_t now_ms, int64_t deadline_ns) {
  for (auto& [name, partition] : partitions_) {
    if (std::exchange(partition.flushed, false)) partition.last_flush_ms = now_ms;
  }
  do {
    if (!pass_.has_value()) {
      const auto due = NextDue(now_ms);
      if (!due.has_value()) return false;
      Begin(due->first, due->second);
    }
    const absl::StatusOr<bool> done = Continue(deadline_ns);
    if (!done.ok() || *done) pass_.reset();
    VIGIL_RETURN_IF_ERROR_WITH(done.status(), "merging metric blocks");
  } while (MonotonicNs() < deadline_ns);
  return pass_.has_value() || NextDue(now_ms).has_value();
}

void MetricCompactor::Begin(const PartitionName& name, MergeExtent extent) {
  if (extent == MergeExtent::kNew) {
    partitions_[name].flushes = 0;
  } else {
    partitions_.erase(name);  // Comes back when it is flushed into again.
  }
  pass_.emplace();
  pass_->name = name;
  pass_->extent = extent;
  pass_->first_sequence = *target_.next_sequence;
  pass_->next_key = PartitionPrefix(name.first, target_.shard, name.second);
  pass_->times = std::make_unique<TimesCache>(target_.store, nullptr);
  const BlockWriter::Target target = {name.first,
                                      target_.shard,
                                      &pass_->rows,
                                      &target_.catalog->FindOrCreate(name.first).blocks,
                                      target_.next_sequence,
                                      CodecEffort::kThorough};
  pass_->writer = std::make_unique<BlockWriter>(target, target_.partitioning);
}

std::vector<StoredBlock> MetricCompactor::TakeSeries(KeyValueIterator* iterator) {
  std::vector<StoredBlock> blocks;
  std::string prefix;
  for (; iterator->Valid(); iterator->Next()) {
    const absl::StatusOr<BlockKey> key = BlockKey::Decode(iterator->key());
    const absl::StatusOr<MetricBlockHeader> header = PeekMetricBlock(iterator->value());
    if (!key.ok() || !header.ok()) {
      ReportCorrupt("metric block", iterator->key(), key.ok() ? header.status() : key.status());
      pass_->complete = false;
      continue;
    }
    if (prefix.empty()) prefix = key->SeriesPrefix();
    if (!iterator->key().starts_with(prefix)) break;
    blocks.push_back({*key, *header, std::string(iterator->value())});
  }
  return blocks;
}

absl::StatusOr<bool> MetricCompactor::Continue(int64_t deadline_ns) {
  const auto& [tenant, partition_ms] = pass_->name;
  const std::string end = TimestampColumnKey::Prefix(tenant, target_.shard, partition_ms);
  const std::unique_ptr<KeyValueIterator> iterator = target_.store->NewIterator(
      Family::kBlocks, {pass_->next_key, end}, nullptr, CacheUse::kSpare);
  WriteBatch batch;
  iterator->Seek(pass_->next_key);
  while (iterator->Valid()) {
    const std::vector<StoredBlock> blocks = TakeSeries(iterator.get());
    VIGIL_RETURN_IF_ERROR(iterator->status());
    VIGIL_RETURN_IF_ERROR(MergeSeries(blocks, &batch));
    pass_->next_key = iterator->Valid() ? std::string(iterator->key()) : end;
    if (batch.size_bytes() >= kBatchBytes) VIGIL_RETURN_IF_ERROR(Store(&batch));
    if (MonotonicNs() >= deadline_ns) break;
  }
  VIGIL_RETURN_IF_ERROR(iterator->status());
  VIGIL_RETURN_IF_ERROR(Store(&batch));
  if (iterator->Valid()) return false;
  VIGIL_RETURN_IF_ERROR(RemoveUnnamedColumns());
  return true;
}

absl::Status MetricCompactor::MergeSeries(const std::vector<StoredBlock>& blocks,
                                          WriteBatch* batch) {
  std::vector<bool> stays(blocks.size(), true);
  const auto times_of = [this](uint64_t id, TimeRange range) {
    return pass_->times->Get({pass_->name.first, target_.shard, pass_->name.second, id}, range);
  };
  for (const MergeStretch& stretch : PlanMerge(blocks, pass_->extent)) {
    const auto merged =
        std::span<const StoredBlock>(blocks).subspan(stretch.begin, stretch.end - stretch.begin);
    std::vector<size_t> left_out;
    VIGIL_ASSIGN_OR_RETURN(const SampleColumns samples, MergeBlocks(merged, times_of, &left_out));
    const bool shared = std::any_of(merged.begin(), merged.end(), [](const StoredBlock& block) {
      return block.header.shared_times.has_value();
    });
    if (shared) pass_->writer->SurveyShared(samples);
    const BlockKey& key = merged.front().key;
    pass_->writer->Write(static_cast<uint32_t>(key.series), key.metric, samples);
    CountMerged(merged.size(), samples);
    for (size_t i = stretch.begin; i < stretch.end; ++i) stays[i] = false;
    for (const size_t i : left_out) stays[stretch.begin + i] = true;
    if (!left_out.empty()) pass_->complete = false;  // Who knows what those name.
  }
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (!stays[i]) {
      batch->Delete(Family::kBlocks, blocks[i].key.Encode());
    } else if (blocks[i].header.shared_times.has_value()) {
      pass_->named_columns.insert(*blocks[i].header.shared_times);
    }
  }
  for (auto& [key, value] : pass_->rows) batch->Put(Family::kBlocks, std::move(key), value);
  pass_->rows.clear();
  if (pass_->writer->size_bytes() > kMaxColumnBytes) pass_->writer->ForgetColumns();
  return absl::OkStatus();
}

absl::Status MetricCompactor::Store(WriteBatch* batch) {
  if (batch->empty()) return absl::OkStatus();
  AddSequenceRow(target_.shard, *target_.next_sequence, batch);
  // Without a sync: if the change is lost, what it replaced is there again.
  VIGIL_RETURN_IF_ERROR(target_.store->Write(*batch, Durability::kNoSync));
  batch->Clear();
  return absl::OkStatus();
}

absl::Status MetricCompactor::RemoveUnnamedColumns() {
  if (!pass_->complete) return absl::OkStatus();
  const auto& [tenant, partition_ms] = pass_->name;
  WriteBatch batch;
  VIGIL_RETURN_IF_ERROR(
      ForEach(*target_.store, Family::kBlocks,
              PrefixRange(TimestampColumnKey::Prefix(tenant, target_.shard, partition_ms)),
              [&](std::string_view bytes, std::string_view) -> absl::Status {
                const absl::StatusOr<TimestampColumnKey> key = TimestampColumnKey::Decode(bytes);
                // What was written since the pass began it has not looked at.
                const bool old = key.ok() && key->column < pass_->first_sequence;
                if (old && !pass_->named_columns.contains(key->column)) {
                  batch.Delete(Family::kBlocks, std::string(bytes));
                }
                return absl::OkStatus();
              }));
  return batch.empty() ? absl::OkStatus() : target_.store->Write(batch, Durability::kNoSync);
}

}  // namespace vigil::storage
