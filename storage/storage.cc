// SPDX-License-Identifier: Apache-2.0
#include "storage/storage.h"

#include <algorithm>
#include <charconv>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/status.h"
#include "storage/format_version.h"
#include "storage/journal/kv_journal.h"
#include "storage/journal/posix_segment_directory.h"
#include "storage/journal/segment_journal.h"
#include "storage/metric_adapters.h"
#include "storage/metrics/partitioning.h"
#include "storage/storage_impl.h"

namespace vigil::storage {
namespace {

// A shard's number has one byte in keys; more than cores are of no use.
constexpr uint32_t kMaxShards = 64;
constexpr uint32_t kMaxDefaultShards = 8;
// Whole partitions are dropped: there is no hurry.
constexpr int64_t kRetentionCheckMs = kMillisPerMinute;

// Heads are about as large as the journal that they came from, so this is seldom reached.
constexpr uint64_t kMinJournalBytes = uint64_t{1} << 30;
constexpr uint64_t kJournalBytesPerHeadByte = 4;

uint64_t MaxJournalBytes(const StorageOptions& options) {
  return std::max(kMinJournalBytes, kJournalBytesPerHeadByte * options.head_flush_bytes);
}

void KeepFirst(const absl::Status& status, absl::Status* first) {
  if (first->ok()) *first = status;
}

}  // namespace

StorageImpl::StorageImpl(std::unique_ptr<KeyValueStore> store, const StorageOptions& options,
                         const Clock* clock)
    : store_(std::move(store)),
      options_(options),
      clock_(*clock),
      tenants_(store_.get()),
      limit_book_(options.limits, [this](TenantId tenant) { return tenants_.NameOf(tenant); }),
      series_limits_(&limit_book_, options.max_series_bytes),
      disk_watch_(options.data_dir) {}

absl::Status StorageImpl::Recover(JournalPlace place) {
  VIGIL_ASSIGN_OR_RETURN(const uint32_t count, ReadOrWriteShardCount());
  if (place == JournalPlace::kFiles) {
    VIGIL_RETURN_IF_ERROR(RaiseFormat(*store_));
    VIGIL_ASSIGN_OR_RETURN(segments_, OpenSegmentLog(OpenSegmentDirectory(options_.data_dir),
                                                     *store_, {.durability = options_.durability}));
  }
  VIGIL_RETURN_IF_ERROR(tenants_.Load());
  for (uint32_t number = 0; number < count; ++number) {
    VIGIL_RETURN_IF_ERROR(OpenShard(number, place));
  }
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> StorageImpl::ReadOrWriteShardCount() {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<std::string> format,
                         store_->Get(Family::kMeta, kFormatRow));
  if (!format.has_value()) {
    uint32_t count = options_.shards;
    if (count == 0) count = std::min(kMaxDefaultShards, std::thread::hardware_concurrency());
    count = std::clamp(count, 1u, kMaxShards);
    WriteBatch batch;
    batch.Put(Family::kMeta, std::string(kFormatRow), std::string(kFormatVersion));
    batch.Put(Family::kMeta, std::string(kShardsRow), fmt::to_string(count));
    VIGIL_RETURN_IF_ERROR(store_->Write(batch, Durability::kSync));
    return count;
  }
  VIGIL_RETURN_IF_ERROR(CheckFormat(*format));
  VIGIL_ASSIGN_OR_RETURN(const std::optional<std::string> row,
                         store_->Get(Family::kMeta, kShardsRow));
  uint32_t count = 0;
  const std::string text = row.value_or("");
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool whole = parsed.ptr == text.data() + text.size();
  if (!whole || count == 0 || count > kMaxShards) {
    return absl::DataLossError(fmt::format("the number of shards is \"{}\"", text));
  }
  return count;
}

absl::Status StorageImpl::OpenShard(uint32_t number, JournalPlace place) {
  Shard::Parts parts;
  if (segments_ != nullptr) {
    parts.journal = std::make_unique<SegmentJournal>(segments_.get(), number);
  } else {
    VIGIL_ASSIGN_OR_RETURN(parts.journal, KvJournal::Open(store_.get(), number, options_.durability,
                                                          place == JournalPlace::kRowsToMove));
  }
  MetricOptions metrics = options_.metrics;
  metrics.limits = &series_limits_;
  parts.metrics = MetricShard::Create(number, store_.get(), metrics);
  parts.logs = LogShard::Create(number, store_.get(), options_.logs);
  parts.spans = SpanShard::Create(number, store_.get(), options_.spans);
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<Shard> shard,
                         Shard::Open(number, store_.get(), std::move(parts), &clock_));
  shards_.push_back(std::move(shard));
  return absl::OkStatus();
}

uint64_t StorageImpl::LastDurableNumber(TenantId tenant, std::string_view source) {
  BatchToken token;
  token.kind = BatchToken::Kind::kNumber;
  token.source = source;
  return shards_[HomeOf(token, {})]->deliveries().LastNumber(tenant, source);
}

absl::Status StorageImpl::Flush() {
  absl::Status first;
  for (const auto& shard : shards_) KeepFirst(shard->Flush(), &first);
  return first;
}

absl::Status StorageImpl::Compact() {
  VIGIL_RETURN_IF_ERROR(Flush());
  for (const auto& shard : shards_) VIGIL_RETURN_IF_ERROR(shard->metrics().CompactAll());
  for (int family = 0; family < kFamilyCount; ++family) {
    VIGIL_RETURN_IF_ERROR_WITH(store_->Compact(static_cast<Family>(family)),
                               fmt::format("compacting {}", FamilyName(Family(family))));
  }
  return absl::OkStatus();
}

absl::Status StorageImpl::Maintain() {
  absl::Status first;
  const int64_t now_ms = clock_.NowMs();
  disk_watch_.Look();
  for (const auto& shard : shards_) {
    KeepFirst(
        shard->FlushIfDue(options_.head_flush_bytes / shards_.size(), options_.head_flush_age_ms),
        &first);
  }
  if (segments_ != nullptr) {
    // A shard that gets little would keep what the others have long moved to blocks.
    for (const uint8_t shard : segments_->ShardsBehind(MaxJournalBytes(options_))) {
      KeepFirst(shards_[shard]->Flush(), &first);
    }
  }
  const int64_t budget_ns = options_.compaction_budget_ms * kNanosPerMilli;
  for (const auto& shard : shards_) {
    KeepFirst(shard->metrics().Compact(now_ms, budget_ns / std::ssize(shards_)).status(), &first);
  }
  if (now_ms >= next_sync_ms_.load()) {
    if (segments_ != nullptr) KeepFirst(segments_->Sync(), &first);
    // Also where records are durable at once: alerting writes timers and the like without a sync.
    KeepFirst(store_->SyncLog(), &first);
    next_sync_ms_.store(now_ms + options_.sync_interval_ms);
  }
  if (now_ms >= next_retention_ms_.load()) {
    KeepFirst(DropOldPartitions(now_ms), &first);
    next_retention_ms_.store(now_ms + kRetentionCheckMs);
  }
  return first;
}

absl::Status StorageImpl::DropOldPartitions(int64_t now_ms) {
  absl::Status first;
  if (options_.metric_retention_ms > 0) {
    const int64_t kept_from_ms =
        Partitioning(options_.metrics.partition_ms).StartOf(now_ms - options_.metric_retention_ms);
    if (kept_from_ms != kept_from_ms_.exchange(kept_from_ms) && observer_ != nullptr) {
      observer_->OnMetricsDropped();
    }
  }
  const auto drop = [&](ShardPart& part, int64_t retention_ms) {
    if (retention_ms > 0) KeepFirst(part.DropBefore(now_ms - retention_ms), &first);
  };
  for (const auto& shard : shards_) {
    drop(shard->metrics(), options_.metric_retention_ms);
    drop(shard->logs(), options_.log_retention_ms);
    drop(shard->spans(), options_.span_retention_ms);
  }
  return first;
}

size_t StorageImpl::HeadBytes() const {
  size_t bytes = 0;
  for (const auto& shard : shards_) bytes += shard->HeadBytes();
  return bytes;
}

std::vector<StatusFigure> StorageImpl::Status() {
  MetricShardStats metrics;
  LogShardStats logs;
  SpanShardStats spans;
  for (const auto& shard : shards_) {
    const MetricShardStats m = shard->metrics().Stats();
    metrics.series += m.series;
    metrics.head_samples += m.head_samples;
    metrics.head_bytes += m.head_bytes;
    const LogShardStats l = shard->logs().Stats();
    logs.streams += l.streams;
    logs.head_records += l.head_records;
    logs.head_bytes += l.head_bytes;
    const SpanShardStats s = shard->spans().Stats();
    spans.head_spans += s.head_spans;
    spans.head_bytes += s.head_bytes;
  }
  const auto disk_bytes = [this](Family family) {
    return fmt::to_string(store_->ApproximateBytes(family).value_or(0));
  };
  std::vector<StatusFigure> figures = {
      {"store", "shards", fmt::to_string(shards_.size())},
      {"store", "journal_bytes",
       segments_ != nullptr ? fmt::to_string(segments_->Bytes()) : disk_bytes(Family::kJournal)},
      {"store", "writes", disk_watch_.Look()},
      {"metrics", "series", fmt::to_string(metrics.series)},
      {"metrics", "samples_in_memory", fmt::to_string(metrics.head_samples)},
      {"metrics", "memory_bytes", fmt::to_string(metrics.head_bytes)},
      {"metrics", "disk_bytes", disk_bytes(Family::kBlocks)},
      {"logs", "streams", fmt::to_string(logs.streams)},
      {"logs", "records_in_memory", fmt::to_string(logs.head_records)},
      {"logs", "memory_bytes", fmt::to_string(logs.head_bytes)},
      {"logs", "disk_bytes", disk_bytes(Family::kLogBlocks)},
      {"spans", "spans_in_memory", fmt::to_string(spans.head_spans)},
      {"spans", "memory_bytes", fmt::to_string(spans.head_bytes)},
      {"spans", "disk_bytes", disk_bytes(Family::kSpanBlocks)}};
  AddLimitFigures(&figures);
  return figures;
}

}  // namespace vigil::storage
