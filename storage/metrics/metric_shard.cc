// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/metric_shard.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include <absl/container/flat_hash_map.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/status.h"
#include "storage/kv/keys.h"
#include "storage/kv/record_keys.h"
#include "storage/metrics/block_deleter.h"
#include "storage/metrics/compactor.h"
#include "storage/metrics/head_writer.h"
#include "storage/metrics/metric_head.h"
#include "storage/metrics/metric_loader.h"
#include "storage/metrics/metric_payload.h"
#include "storage/metrics/partitioning.h"
#include "storage/metrics/series_catalog.h"
#include "storage/metrics/shard_querier.h"

namespace vigil::storage {
namespace {

constexpr int64_t kBeginningOfTime = std::numeric_limits<int64_t>::min();

// The row of a retired series goes with the flush after the next seal but one. A writer may have
// encoded a batch while the series was still known to be defined by that row; once its batch is
// applied the series is no longer retired, and the row stays.
constexpr uint64_t kSealsBeforeRowGoes = 2;

constexpr int64_t kCompactStepNs = 100 * kNanosPerMilli;
// Of a deletion, what is written in one batch: enough to be worth a sync, little enough to be held.
constexpr size_t kDeletionBatchBytes = 4 << 20;
constexpr size_t kDeletionBatchSeries = 4096;

// Takes the samples out of `batch` whose series is not known; returns how many there were.
size_t RemoveUnknown(const SeriesStates& states, MetricBatch* batch) {
  const auto known = [&states](SeriesRef ref) {
    return states.Has(static_cast<uint32_t>(NumberOf(ref)), kSeriesKnown);
  };
  const size_t before = batch->size();
  MetricBatch rest;
  batch->ForEachFloat([&](SeriesRef ref, int64_t time_ms, double value) {
    if (known(ref)) rest.Add(ref, time_ms, value);
  });
  batch->runs = std::move(rest.runs);
  batch->values = std::move(rest.values);
  std::erase_if(batch->histograms,
                [&known](const HistogramSample& sample) { return !known(sample.series); });
  std::erase_if(batch->exemplars,
                [&known](const ExemplarSample& sample) { return !known(sample.series); });
  return before - batch->size();
}

class MetricShardImpl final : public MetricShard {
 public:
  MetricShardImpl(uint32_t shard_number, KeyValueStore* store, const MetricOptions& options)
      : number_(shard_number),
        store_(*store),
        partitioning_(options.partition_ms),
        catalog_(shard_number, options),
        heads_{.open = std::make_shared<MetricHead>(partitioning_), .sealed = nullptr},
        compactor_({short_number(), partitioning_, store, &catalog_, &next_sequence_}) {}

  absl::StatusOr<SeriesRef> GetOrCreate(TenantId tenant, const Labels& labels,
                                        const MetricMetadata& metadata) override;
  std::string MetricOf(TenantId tenant, SeriesRef ref) const override;
  void Encode(TenantId tenant, const MetricBatch& batch, std::string* payload) override;
  void Apply(TenantId tenant, const MetricBatch& batch) override;
  absl::StatusOr<MetricDeletion> Delete(TenantId tenant, const std::vector<Matcher>& matchers,
                                        TimeRange range) override;
  std::unique_ptr<MetricQuerier> NewQuerier(TenantId tenant) override;
  absl::Status SetMetadata(TenantId tenant, std::string_view metric,
                           const MetricMetadata& metadata) override;
  absl::StatusOr<std::vector<ExemplarSeries>> Exemplars(TenantId tenant,
                                                        const std::vector<Matcher>& matchers,
                                                        TimeRange range) override;
  std::vector<std::pair<std::string, MetricMetadata>> Metadata(TenantId tenant) override;
  MetricShardStats Stats() const override;
  absl::StatusOr<bool> Compact(int64_t now_ms, int64_t budget_ns) override;
  absl::Status CompactAll() override;

  absl::Status Load() override;
  absl::Status Replay(TenantId tenant, std::string_view payload) override;
  void Seal() override;
  absl::Status WriteSealed(WriteBatch* batch) override;
  void DropSealed() override;
  absl::Status DropBefore(int64_t unix_ms) override;
  size_t HeadBytes() const override;

 private:
  // A series whose row has outlived its samples.
  struct Retired {
    TenantSeries* series;
    uint64_t seals;  // How often had been sealed when it was retired or last written to.
  };
  // What WriteSealed made of the sealed head, to be noted once its batch is written.
  struct Written {
    bool ingested = false;  // The blocks are in the store.
    WriteBatch rows;        // The rows beside them.
    std::vector<uint32_t> stored;
    std::vector<uint32_t> removed;
  };

  HeadPair heads() const;
  absl::Status IngestBlocks(MetricHead* sealed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex_);
  uint8_t short_number() const { return static_cast<uint8_t>(number_); }
  absl::Status DropBlocksBefore(int64_t partition_ms, TenantSeries* series)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex_);
  void RetireSeriesBefore(int64_t partition_ms, TenantSeries* series)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex_);
  absl::Status CommitDeletion(TenantSeries* series,
                              const std::vector<SeriesIndex::Presence>& emptied, WriteBatch* batch)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex_);
  void Retire(const std::vector<uint32_t>& numbers, TenantSeries* series)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex_);
  void RemoveRetiredRows(const MetricHead& sealed, WriteBatch* batch)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex_);

  const uint32_t number_;
  KeyValueStore& store_;
  const Partitioning partitioning_;
  SeriesCatalog catalog_;
  // Start of the oldest partition that is kept. What is older is not read and not written.
  std::atomic<int64_t> expired_before_ms_{kBeginningOfTime};
  std::atomic<uint64_t> seals_{0};

  mutable SharedMutex heads_mutex_;
  HeadPair heads_ ABSL_GUARDED_BY(heads_mutex_);

  // Held by flushes, compaction and retention. Taken before heads_mutex_.
  Mutex maintenance_mutex_;
  uint64_t next_sequence_ ABSL_GUARDED_BY(maintenance_mutex_) = 1;
  MetricCompactor compactor_ ABSL_GUARDED_BY(maintenance_mutex_);
  absl::flat_hash_map<uint32_t, Retired> retired_ ABSL_GUARDED_BY(maintenance_mutex_);
  Written written_ ABSL_GUARDED_BY(maintenance_mutex_);
};

absl::StatusOr<SeriesRef> MetricShardImpl::GetOrCreate(TenantId tenant, const Labels& labels,
                                                       const MetricMetadata& metadata) {
  VIGIL_ASSIGN_OR_RETURN(const uint32_t number, catalog_.GetOrCreate(tenant, labels, metadata));
  return MakeSeriesRef(number_, number);
}

std::string MetricShardImpl::MetricOf(TenantId tenant, SeriesRef ref) const {
  const TenantSeries* const series = catalog_.Find(tenant);
  if (series == nullptr) return "";
  const std::optional<Labels> labels = series->index.LabelsOf(static_cast<uint32_t>(NumberOf(ref)));
  return labels ? std::string(labels->MetricName()) : "";
}

void MetricShardImpl::Encode(TenantId tenant, const MetricBatch& batch, std::string* payload) {
  EncodeMetricPayload(catalog_.Undefined(tenant, batch), batch, payload);
}

void MetricShardImpl::Apply(TenantId tenant, const MetricBatch& batch) {
  std::vector<SeriesIndex::Presence> marks;
  {
    ReaderLock lock(&heads_mutex_);
    heads_.open->Append(tenant, batch, expired_before_ms_.load(), &marks);
  }
  catalog_.MarkJournaled(batch);
  if (!marks.empty()) catalog_.MarkPresent(tenant, marks);
}

HeadPair MetricShardImpl::heads() const {
  ReaderLock lock(&heads_mutex_);
  return heads_;
}

std::unique_ptr<MetricQuerier> MetricShardImpl::NewQuerier(TenantId tenant) {
  return std::make_unique<ShardQuerier>(
      ShardQuerier::Source{number_, tenant, partitioning_, &catalog_, &store_, &expired_before_ms_},
      heads());
}

absl::Status MetricShardImpl::SetMetadata(TenantId tenant, std::string_view metric,
                                          const MetricMetadata& metadata) {
  return catalog_.SetMetadata(tenant, metric, metadata);
}

absl::StatusOr<std::vector<ExemplarSeries>> MetricShardImpl::Exemplars(
    TenantId tenant, const std::vector<Matcher>& matchers, TimeRange range) {
  return ShardQuerier({number_, tenant, partitioning_, &catalog_, &store_, &expired_before_ms_},
                      heads())
      .Exemplars(matchers, range);
}

std::vector<std::pair<std::string, MetricMetadata>> MetricShardImpl::Metadata(TenantId tenant) {
  const TenantSeries* const series = catalog_.Find(tenant);
  if (series == nullptr) return {};
  return series->metadata.All();
}

MetricShardStats MetricShardImpl::Stats() const {
  MetricShardStats stats;
  for (const TenantSeries* series : catalog_.Tenants()) stats.series += series->index.size();
  const HeadPair pair = heads();
  stats.head_samples = pair.open->samples() + (pair.sealed ? pair.sealed->samples() : 0);
  stats.head_bytes = HeadBytes();
  return stats;
}

size_t MetricShardImpl::HeadBytes() const {
  const HeadPair pair = heads();
  return pair.open->size_bytes() + (pair.sealed ? pair.sealed->size_bytes() : 0);
}

absl::Status MetricShardImpl::Load() {
  VIGIL_ASSIGN_OR_RETURN(const MetricCounters counters, LoadMetrics(store_, number_, &catalog_));
  MutexLock lock(&maintenance_mutex_);
  next_sequence_ = counters.next_sequence;
  compactor_.NoteRestart();
  return absl::OkStatus();
}

absl::Status MetricShardImpl::Replay(TenantId tenant, std::string_view payload) {
  VIGIL_ASSIGN_OR_RETURN(MetricPayload entry, DecodeMetricPayload(number_, payload));
  for (const SeriesDefinition& series : entry.definitions) {
    VIGIL_RETURN_IF_ERROR(catalog_.Restore(tenant, series.number, series.labels, /*stored=*/false));
    catalog_.FindOrCreate(tenant).metadata.Set(series.labels.MetricName(), series.metadata);
  }
  const size_t unknown = RemoveUnknown(catalog_.states(), &entry.batch);
  if (unknown > 0) {
    static Counter& lost = GetCounter("vigil_replay_unknown_series_samples_total",
                                      "Journaled samples without a definition of their series.");
    lost.Add(static_cast<int64_t>(unknown));
    Log(LogLevel::kError, "journaled samples of unknown series skipped",
        {{"shard", int64_t{number_}}, {"samples", static_cast<uint64_t>(unknown)}});
  }
  Apply(tenant, entry.batch);
  return absl::OkStatus();
}

void MetricShardImpl::Seal() {
  auto fresh = std::make_shared<MetricHead>(partitioning_);
  WriterLock lock(&heads_mutex_);
  VIGIL_CHECK(heads_.sealed == nullptr);
  heads_.sealed = std::exchange(heads_.open, std::move(fresh));
  seals_.fetch_add(1);
}

absl::Status MetricShardImpl::WriteSealed(WriteBatch* batch) {
  const std::shared_ptr<MetricHead> sealed = heads().sealed;
  if (sealed == nullptr) return absl::OkStatus();
  MutexLock lock(&maintenance_mutex_);
  if (!written_.ingested) VIGIL_RETURN_IF_ERROR(IngestBlocks(sealed.get()));
  batch->Append(written_.rows);
  written_.removed.clear();
  for (TenantSeries* series : catalog_.Tenants()) {
    series->blocks.AddRows(batch);
    series->metadata.AddRows(series->tenant, short_number(), batch);
  }
  RemoveRetiredRows(*sealed, batch);
  AddCountersRow(number_, {catalog_.next_number(), next_sequence_}, batch);
  return absl::OkStatus();
}

absl::Status MetricShardImpl::IngestBlocks(MetricHead* sealed) {
  written_ = {};
  BlockRows blocks;
  const HeadWriter::Options options = {short_number(), partitioning_, expired_before_ms_.load()};
  HeadWriter writer(options, &catalog_, &next_sequence_, {&blocks, &written_.rows});
  written_.stored = writer.Write(sealed);
  written_.ingested = blocks.empty();
  if (blocks.empty()) return absl::OkStatus();
  std::sort(blocks.begin(), blocks.end());
  // Before any block of theirs is there, the sequences are taken for good; the sync makes durable,
  // too, all journal entries that the blocks stand for. See storage/shard/shard_part.h.
  WriteBatch reservation;
  AddSequenceRow(number_, next_sequence_, &reservation);
  VIGIL_RETURN_IF_ERROR(store_.Write(reservation, Durability::kSync));
  VIGIL_RETURN_IF_ERROR(store_.Ingest(Family::kBlocks, blocks));
  written_.ingested = true;
  for (const auto& [tenant, partition_ms] : writer.partitions()) {
    compactor_.NoteFlush(tenant, partition_ms);
  }
  return absl::OkStatus();
}

void MetricShardImpl::RemoveRetiredRows(const MetricHead& sealed, WriteBatch* batch) {
  absl::erase_if(retired_, [](const auto& entry) {
    return !entry.second.series->index.IsRetired(entry.first);
  });
  for (auto& [number, retired] : retired_) {
    if (sealed.Contains(number)) {
      // Late samples, expired already: what defined the series for them is trimmed with this batch.
      catalog_.states().Clear(number, kSeriesJournaled);
      retired.seals = seals_.load();
      continue;
    }
    if (seals_.load() < retired.seals + kSealsBeforeRowGoes) continue;
    batch->Delete(Family::kSeries,
                  SeriesKey{retired.series->tenant, short_number(), number}.Encode());
    written_.removed.push_back(number);
  }
}

void MetricShardImpl::DropSealed() {
  {
    MutexLock lock(&maintenance_mutex_);
    for (const uint32_t number : written_.stored) catalog_.states().Set(number, kSeriesStored);
    for (const uint32_t number : written_.removed) {
      catalog_.states().Clear(number, kSeriesStored);
      retired_.erase(number);
    }
    written_ = {};
    for (TenantSeries* series : catalog_.Tenants()) {
      series->blocks.RowsWritten();
      series->metadata.RowsWritten();
    }
  }
  std::shared_ptr<MetricHead> dropped;  // Freed after the lock.
  WriterLock lock(&heads_mutex_);
  dropped.swap(heads_.sealed);
}

absl::Status MetricShardImpl::DropBefore(int64_t unix_ms) {
  const int64_t partition_ms = partitioning_.StartOf(unix_ms);
  MutexLock lock(&maintenance_mutex_);
  expired_before_ms_.store(partition_ms);
  compactor_.ForgetBefore(partition_ms);
  absl::Status first_failure;
  for (TenantSeries* series : catalog_.Tenants()) {
    if (series->blocks.HasPartitionBefore(partition_ms)) {
      const absl::Status status = DropBlocksBefore(partition_ms, series);
      if (first_failure.ok()) first_failure = status;
    }
    if (series->index.HasPartitionBefore(partition_ms)) RetireSeriesBefore(partition_ms, series);
  }
  return first_failure;
}

absl::Status MetricShardImpl::DropBlocksBefore(int64_t partition_ms, TenantSeries* series) {
  const std::string begin = PartitionPrefix(series->tenant, short_number(), kBeginningOfTime);
  const std::string end = PartitionPrefix(series->tenant, short_number(), partition_ms);
  // The blocks first: if only they go, the rows that are left have them dropped again.
  VIGIL_RETURN_IF_ERROR_WITH(store_.DropRange(Family::kBlocks, begin, end), "dropping blocks");
  VIGIL_RETURN_IF_ERROR_WITH(store_.DropRange(Family::kExemplars, begin, end),
                             "dropping exemplars");
  VIGIL_RETURN_IF_ERROR_WITH(store_.DropRange(Family::kPostings, begin, end),
                             "dropping block presence");
  series->blocks.DropBefore(partition_ms);
  return absl::OkStatus();
}

void MetricShardImpl::RetireSeriesBefore(int64_t partition_ms, TenantSeries* series) {
  Retire(series->index.DropBefore(partition_ms), series);
  heads().open->ForgetMarksBefore(partition_ms);
}

void MetricShardImpl::Retire(const std::vector<uint32_t>& numbers, TenantSeries* series) {
  for (const uint32_t number : numbers) {
    // Whoever writes to it again must define it again, as its row is going.
    catalog_.states().Clear(number, kSeriesJournaled);
    catalog_.CountRetired(*series, number);
    retired_.insert_or_assign(number, Retired{series, seals_.load()});
  }
}

absl::StatusOr<MetricDeletion> MetricShardImpl::Delete(TenantId tenant,
                                                       const std::vector<Matcher>& matchers,
                                                       TimeRange range) {
  MetricDeletion done;
  TenantSeries* const series = catalog_.Find(tenant);
  range.start_ms = std::max(range.start_ms, expired_before_ms_.load());
  if (series == nullptr || range.start_ms > range.end_ms) return done;
  MutexLock lock(&maintenance_mutex_);
  VIGIL_CHECK(heads().sealed == nullptr);
  const TimeRange partitions = {partitioning_.StartOf(range.start_ms), range.end_ms};
  BlockDeleter deleter(&store_, tenant, short_number());
  WriteBatch batch;
  std::vector<SeriesIndex::Presence> emptied;
  for (const SeriesIndex::Series& one : series->index.Select(matchers, partitions)) {
    uint64_t samples = 0;
    for (const int64_t partition_ms : series->blocks.PartitionsOf(one.number, partitions)) {
      VIGIL_ASSIGN_OR_RETURN(const BlockDeleter::Outcome outcome,
                             deleter.Delete(partition_ms, MetricHash(one.labels.MetricName()),
                                            one.number, range, &batch));
      samples += outcome.samples;
      if (outcome.empty) emptied.push_back({one.number, partition_ms});
    }
    done.samples += samples;
    if (samples > 0) ++done.series;
    if (batch.size_bytes() < kDeletionBatchBytes && emptied.size() < kDeletionBatchSeries) continue;
    VIGIL_RETURN_IF_ERROR(CommitDeletion(series, emptied, &batch));
    emptied.clear();
  }
  VIGIL_RETURN_IF_ERROR(CommitDeletion(series, emptied, &batch));
  return done;
}

absl::Status MetricShardImpl::CommitDeletion(TenantSeries* series,
                                             const std::vector<SeriesIndex::Presence>& emptied,
                                             WriteBatch* batch) {
  for (const auto& [number, partition_ms] : emptied) series->blocks.Remove(partition_ms, number);
  series->blocks.AddRows(batch);
  const absl::Status status = store_.Write(*batch, Durability::kSync);
  batch->Clear();
  if (!status.ok()) {
    for (const auto& [number, partition_ms] : emptied) series->blocks.Add(partition_ms, number);
    return Annotate(status, "deleting from blocks");
  }
  series->blocks.RowsWritten();
  Retire(series->index.Unmark(emptied), series);
  // A writer marks a series after it put its sample into the head: a mark that was taken back
  // although it was younger than the deletion has its sample there.
  std::vector<SeriesIndex::Presence> alive;
  const std::shared_ptr<MetricHead> open = heads().open;
  for (const SeriesIndex::Presence& mark : emptied) {
    SampleColumns samples;
    open->Read(mark.number, {mark.partition_ms, partitioning_.EndOf(mark.partition_ms)}, &samples);
    if (!samples.Empty()) alive.push_back(mark);
  }
  if (!alive.empty()) series->index.MarkPresent(alive);
  return absl::OkStatus();
}

absl::StatusOr<bool> MetricShardImpl::Compact(int64_t now_ms, int64_t budget_ns) {
  MutexLock lock(&maintenance_mutex_);
  return compactor_.Work(now_ms, MonotonicNs() + budget_ns);
}

absl::Status MetricShardImpl::CompactAll() {
  {
    MutexLock lock(&maintenance_mutex_);
    compactor_.RequestAll();
  }
  // In steps, between which others get the lock. At the beginning of time nothing else is due.
  for (bool more = true; more;) {
    VIGIL_ASSIGN_OR_RETURN(more, Compact(/*now_ms=*/0, kCompactStepNs));
  }
  return absl::OkStatus();
}

}  // namespace

std::unique_ptr<MetricShard> MetricShard::Create(uint32_t shard_number, KeyValueStore* store,
                                                 const MetricOptions& options) {
  return std::make_unique<MetricShardImpl>(shard_number, store, options);
}

}  // namespace vigil::storage
