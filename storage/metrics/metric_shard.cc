// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/metric_shard.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/status.h"
#include "storage/kv/index_keys.h"
#include "storage/kv/keys.h"
#include "storage/kv/record_keys.h"
#include "storage/kv/sort_entries.h"
#include "storage/metrics/block_deleter.h"
#include "storage/metrics/cold_index.h"
#include "storage/metrics/compactor.h"
#include "storage/metrics/corruption.h"
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

constexpr int64_t kCompactStepNs = 100 * kNanosPerMilli;

// Columns of times that stay decoded for queries to come. A day of an exporter, at 15 s, is 45 kB.
constexpr size_t kMaxRecentTimesBytes = 8 << 20;

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
        catalog_(shard_number, options, store),
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
  // What WriteSealed made of the sealed head, to be noted once its batch is written.
  struct Written {
    bool ingested = false;  // The blocks are in the store.
    WriteBatch rows;        // The rows beside them.
    std::vector<uint32_t> stored;
  };

  HeadPair heads() const;
  ShardQuerier::Source SourceOf(TenantId tenant);
  absl::Status IngestBlocks(MetricHead* sealed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex_);
  uint8_t short_number() const { return static_cast<uint8_t>(number_); }
  absl::Status DropBlocksBefore(int64_t partition_ms, TenantSeries* series)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex_);
  absl::Status BurySeriesBefore(int64_t partition_ms, TenantSeries* series)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex_);
  struct Selected {
    uint32_t number;
    uint32_t metric;  // See MetricHash.
  };
  // Series, in memory or not, that meet the matchers and may have samples in the partitions.
  absl::StatusOr<std::vector<Selected>> SelectAll(const TenantSeries& series,
                                                  const std::vector<Matcher>& matchers,
                                                  TimeRange partitions) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex_);
  absl::Status CommitDeletion(TenantSeries* series,
                              const std::vector<SeriesIndex::Presence>& emptied, WriteBatch* batch)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(maintenance_mutex_);
  void ThawUnknown(TenantId tenant, const MetricBatch& batch);

  const uint32_t number_;
  KeyValueStore& store_;
  const Partitioning partitioning_;
  SeriesCatalog catalog_;
  // Start of the oldest partition that is kept. What is older is not read and not written.
  std::atomic<int64_t> expired_before_ms_{kBeginningOfTime};
  DecodedTimes recent_times_{kMaxRecentTimesBytes};

  mutable SharedMutex heads_mutex_;
  HeadPair heads_ ABSL_GUARDED_BY(heads_mutex_);

  // Held by flushes, compaction and retention. Taken before heads_mutex_.
  Mutex maintenance_mutex_;
  uint64_t next_sequence_ ABSL_GUARDED_BY(maintenance_mutex_) = 1;
  MetricCompactor compactor_ ABSL_GUARDED_BY(maintenance_mutex_);
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
  if (!marks.empty()) catalog_.Mark(tenant, marks);
}

HeadPair MetricShardImpl::heads() const {
  ReaderLock lock(&heads_mutex_);
  return heads_;
}

std::unique_ptr<MetricQuerier> MetricShardImpl::NewQuerier(TenantId tenant) {
  return std::make_unique<ShardQuerier>(SourceOf(tenant), heads());
}

ShardQuerier::Source MetricShardImpl::SourceOf(TenantId tenant) {
  return {number_, tenant, partitioning_, &catalog_, &store_, &expired_before_ms_, &recent_times_};
}

absl::Status MetricShardImpl::SetMetadata(TenantId tenant, std::string_view metric,
                                          const MetricMetadata& metadata) {
  return catalog_.SetMetadata(tenant, metric, metadata);
}

absl::StatusOr<std::vector<ExemplarSeries>> MetricShardImpl::Exemplars(
    TenantId tenant, const std::vector<Matcher>& matchers, TimeRange range) {
  return ShardQuerier(SourceOf(tenant), heads()).Exemplars(matchers, range);
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
  ThawUnknown(tenant, entry.batch);
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

// Samples of an entry that does not define their series: it has rows.
void MetricShardImpl::ThawUnknown(TenantId tenant, const MetricBatch& batch) {
  const auto thaw = [this, tenant](SeriesRef ref) {
    const uint64_t number = NumberOf(ref);
    if (number > kMaxSeriesNumber ||
        catalog_.states().Has(static_cast<uint32_t>(number), kSeriesKnown)) {
      return;
    }
    const absl::StatusOr<bool> thawed =
        catalog_.Thaw(&catalog_.FindOrCreate(tenant), static_cast<uint32_t>(number));
    if (!thawed.ok()) {
      ReportCorrupt("series row", SeriesKey{tenant, short_number(), number}.Encode(),
                    thawed.status());
    }
  };
  for (const SampleRun& run : batch.runs) {
    for (uint32_t i = 0; i < run.count; ++i) thaw(SeriesRef{static_cast<uint64_t>(run.first) + i});
  }
  for (const HistogramSample& sample : batch.histograms) thaw(sample.series);
  for (const ExemplarSample& sample : batch.exemplars) thaw(sample.series);
}

void MetricShardImpl::Seal() {
  auto fresh = std::make_shared<MetricHead>(partitioning_);
  WriterLock lock(&heads_mutex_);
  VIGIL_CHECK(heads_.sealed == nullptr);
  heads_.sealed = std::exchange(heads_.open, std::move(fresh));
  for (TenantSeries* series : catalog_.Tenants()) series->index.Seal();
}

absl::Status MetricShardImpl::WriteSealed(WriteBatch* batch) {
  const std::shared_ptr<MetricHead> sealed = heads().sealed;
  if (sealed == nullptr) return absl::OkStatus();
  MutexLock lock(&maintenance_mutex_);
  if (!written_.ingested) VIGIL_RETURN_IF_ERROR(IngestBlocks(sealed.get()));
  batch->Append(written_.rows);
  for (TenantSeries* series : catalog_.Tenants()) {
    series->blocks.AddRows(batch);
    series->recent.AddRows(batch);
    series->metadata.AddRows(series->tenant, short_number(), batch);
  }
  AddCountersRow(number_, {catalog_.next_number(), next_sequence_}, batch);
  return absl::OkStatus();
}

absl::Status MetricShardImpl::IngestBlocks(MetricHead* sealed) {
  written_ = {};
  BlockRows blocks;
  const HeadWriter::Options options = {short_number(), partitioning_, expired_before_ms_.load()};
  HeadWriter writer(options, &store_, &catalog_, &next_sequence_, {&blocks, &written_.rows});
  VIGIL_ASSIGN_OR_RETURN(written_.stored, writer.Write(sealed));
  written_.ingested = blocks.empty();
  if (blocks.empty()) return absl::OkStatus();
  SortByKey(&blocks);
  VIGIL_RETURN_IF_ERROR(ReserveSequences(&store_, number_, next_sequence_));
  VIGIL_RETURN_IF_ERROR(store_.Ingest(Family::kBlocks, blocks, TableEffort::kQuick));
  written_.ingested = true;
  for (const auto& [tenant, partition_ms] : writer.partitions()) {
    compactor_.NoteFlush(tenant, partition_ms);
  }
  return absl::OkStatus();
}

void MetricShardImpl::DropSealed() {
  MutexLock lock(&maintenance_mutex_);
  for (const uint32_t number : written_.stored) catalog_.states().Set(number, kSeriesStored);
  written_ = {};
  {
    std::shared_ptr<MetricHead> dropped;  // Freed after the lock.
    WriterLock heads_lock(&heads_mutex_);
    dropped.swap(heads_.sealed);
  }
  for (TenantSeries* series : catalog_.Tenants()) {
    series->blocks.RowsWritten();
    series->recent.RowsWritten();
    series->metadata.RowsWritten();
    series->index.DropSealed();
    catalog_.EvictExpired(series);
  }
}

absl::Status MetricShardImpl::DropBefore(int64_t unix_ms) {
  const int64_t partition_ms = partitioning_.StartOf(unix_ms);
  MutexLock lock(&maintenance_mutex_);
  expired_before_ms_.store(partition_ms);
  compactor_.ForgetBefore(partition_ms);
  absl::Status first_failure;
  const auto keep = [&first_failure](const absl::Status& status) {
    if (first_failure.ok()) first_failure = status;
  };
  for (TenantSeries* series : catalog_.Tenants()) {
    if (series->index.HasPartitionBefore(partition_ms)) {
      keep(BurySeriesBefore(partition_ms, series));
    }
    if (first_failure.ok() && series->blocks.HasBefore(partition_ms)) {
      keep(DropBlocksBefore(partition_ms, series));
    }
    keep(catalog_.RemoveSomeDead(series));
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
  const auto presence_of = [&](int64_t partition) {
    return NumbersKey::Prefix(series->tenant, short_number(), NumberKind::kBlocks, partition);
  };
  VIGIL_RETURN_IF_ERROR_WITH(
      store_.DropRange(Family::kPostings, presence_of(kBeginningOfTime), presence_of(partition_ms)),
      "dropping block presence");
  series->blocks.DropBefore(partition_ms);
  return absl::OkStatus();
}

// The dead are put down, synced, before what names their last partition goes: else nobody would
// know that their rows may go too.
absl::Status MetricShardImpl::BurySeriesBefore(int64_t partition_ms, TenantSeries* series) {
  const SeriesSet gone = series->index.DropBefore(partition_ms);
  heads().open->ForgetMarksBefore(partition_ms);
  WriteBatch batch;
  catalog_.Bury(series, gone, &batch);
  if (batch.empty()) return absl::OkStatus();
  VIGIL_RETURN_IF_ERROR_WITH(store_.Write(batch, Durability::kSync), "putting down dead series");
  series->dead.RowsWritten();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<MetricShardImpl::Selected>> MetricShardImpl::SelectAll(
    const TenantSeries& series, const std::vector<Matcher>& matchers, TimeRange partitions) const {
  std::vector<Selected> selected;
  SeriesSet cold;
  // All that is not in memory is looked at, whatever the hot window promises: what is to be deleted
  // must not stay behind because its row was not readable when a sample came.
  for (const SeriesIndex::Series& one : series.index.Select(matchers, {partitions}, &cold)) {
    selected.push_back({one.number, MetricHash(one.labels.MetricName())});
  }
  const ColdIndex index(&store_, series.tenant, short_number());
  VIGIL_ASSIGN_OR_RETURN(const SeriesSet found, index.Select(matchers, cold));
  VIGIL_ASSIGN_OR_RETURN(const auto labels_of, index.LabelsOf(found));
  for (const auto& [number, labels] : labels_of) {
    selected.push_back({number, MetricHash(labels.MetricName())});
  }
  return selected;
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
  VIGIL_ASSIGN_OR_RETURN(const auto selected, SelectAll(*series, matchers, partitions));
  for (const Selected& one : selected) {
    uint64_t samples = 0;
    for (const int64_t partition_ms : series->blocks.PartitionsOf(one.number, partitions)) {
      VIGIL_ASSIGN_OR_RETURN(const BlockDeleter::Outcome outcome,
                             deleter.Delete(partition_ms, one.metric, one.number, range, &batch));
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
  // In one batch with what named their last partitions.
  const SeriesSet dead = series->index.GoneWithout(emptied) - series->dead.At(0);
  series->dead.AddAll(0, dead);
  series->dead.AddRows(batch);
  const absl::Status status = store_.Write(*batch, Durability::kSync);
  batch->Clear();
  if (!status.ok()) {
    for (const auto& [number, partition_ms] : emptied) series->blocks.Add(partition_ms, number);
    series->dead.RemoveAll(0, dead);
    return Annotate(status, "deleting from blocks");
  }
  series->blocks.RowsWritten();
  series->dead.RowsWritten();
  const SeriesSet gone = series->index.Unmark(emptied);
  // A writer marks a series after it put its sample into the head: a mark that was taken back
  // although it was younger than the deletion has its sample there.
  std::vector<SeriesIndex::Presence> alive;
  const std::shared_ptr<MetricHead> open = heads().open;
  for (const SeriesIndex::Presence& mark : emptied) {
    SampleColumns samples;
    open->Read(mark.number, {mark.partition_ms, partitioning_.EndOf(mark.partition_ms)}, &samples);
    if (!samples.Empty()) alive.push_back(mark);
  }
  if (!alive.empty()) catalog_.Mark(series->tenant, alive);
  catalog_.EvictDead(series, gone);
  return absl::OkStatus();
}

absl::StatusOr<bool> MetricShardImpl::Compact(int64_t now_ms, int64_t budget_ns) {
  const int64_t deadline_ns = MonotonicNs() + budget_ns;
  MutexLock lock(&maintenance_mutex_);
  // First, for as long as it takes new series cost more.
  VIGIL_ASSIGN_OR_RETURN(const bool more, catalog_.LearnSeen(deadline_ns));
  if (more) return true;
  return compactor_.Work(now_ms, deadline_ns);
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
