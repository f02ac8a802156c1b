// SPDX-License-Identifier: Apache-2.0
//
// The store behind storage.h: routes to shards, and keeps their house.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "storage/disk_watch.h"
#include "storage/journal/segment_log.h"
#include "storage/limits/limit_book.h"
#include "storage/limits/sample_rates.h"
#include "storage/limits/series_limits.h"
#include "storage/shard/shard.h"
#include "storage/storage.h"
#include "storage/tenants.h"
#include "storage/time_rules.h"

namespace vigil::storage {

// Thread-safe. See Storage for what each call means.
class StorageImpl final : public Storage {
 public:
  StorageImpl(std::unique_ptr<KeyValueStore> store, const StorageOptions& options,
              const Clock* clock);

  // Where the journal is. In the key-value store: those in memory, and what earlier versions, or a
  // repair, left in a directory until it is moved; of a repair some may lack.
  enum class JournalPlace : uint8_t { kFiles, kKeyValueStore, kRowsToMove };

  // Checks or writes the directory's format, then opens the shards.
  absl::Status Recover(JournalPlace place);

  absl::StatusOr<TenantId> Tenant(std::string_view name) override { return tenants_.IdOf(name); }

  absl::StatusOr<TenantId> FindTenant(std::string_view name) override {
    return tenants_.Find(name);
  }
  void SetLimits(LimitSettings limits) override { limit_book_.Set(std::move(limits)); }
  TimeRules CurrentTimeRules() const override;

  absl::StatusOr<SeriesRef> GetOrCreateSeries(TenantId tenant, const Labels& labels,
                                              const MetricMetadata& metadata) override;
  absl::StatusOr<WriteResult> WriteMetrics(TenantId tenant, const MetricBatch& batch,
                                           const BatchToken& token) override;
  absl::StatusOr<MetricDeletion> DeleteMetrics(TenantId tenant,
                                               const std::vector<Matcher>& matchers,
                                               TimeRange range) override;
  void ObserveMetricWrites(MetricWriteObserver* observer) override { observer_ = observer; }
  std::unique_ptr<MetricQuerier> NewMetricQuerier(TenantId tenant) override;
  absl::StatusOr<std::vector<ExemplarSeries>> ReadExemplars(TenantId tenant,
                                                            const std::vector<Matcher>& matchers,
                                                            TimeRange range) override;
  std::vector<std::pair<std::string, MetricMetadata>> MetricMetadataOf(TenantId tenant) override;
  absl::Status SetMetricMetadata(TenantId tenant, std::string_view metric,
                                 const MetricMetadata& metadata) override;
  std::unique_ptr<MetricSource> MetricSourceFor(TenantId tenant) override;
  std::unique_ptr<MetricSink> MetricSinkFor(TenantId tenant) override;

  absl::StatusOr<WriteResult> WriteLogs(TenantId tenant, LogBatch batch,
                                        const BatchToken& token) override;
  absl::Status ReadLogs(TenantId tenant, const LogSelection& selection, LogVisitor visit) override;
  absl::StatusOr<std::vector<Labels>> LogStreams(TenantId tenant,
                                                 const std::vector<Matcher>& matchers) override;
  uint64_t LogVersion() const override { return log_version_.load(); }

  absl::StatusOr<WriteResult> WriteSpans(TenantId tenant, std::vector<Span> spans,
                                         const BatchToken& token) override;
  absl::StatusOr<std::vector<Span>> ReadTrace(TenantId tenant, TraceId trace_id) override;
  absl::Status ReadSpans(TenantId tenant, int64_t start_ns, int64_t end_ns,
                         SpanVisitor visit) override;

  uint64_t LastDurableNumber(TenantId tenant, std::string_view source) override;
  KeyValueStore& state() override { return *store_; }
  absl::Status Maintain() override;
  absl::Status Flush() override;
  absl::Status Compact() override;
  absl::StatusOr<std::string> Snapshot(const std::string& path) override;
  size_t HeadBytes() const override;
  std::vector<StatusFigure> Status() override;

 private:
  absl::StatusOr<uint32_t> ReadOrWriteShardCount();
  absl::Status OpenShard(uint32_t number, JournalPlace place);
  absl::Status DropOldPartitions(int64_t now_ms);
  absl::Status CopyAll(const std::string& target);
  // Which instants are admitted of what is kept for `retention_ms`.
  TimeRules RulesFor(int64_t retention_ms) const;
  // Removes the records of streams that would be too many.
  void FilterNewStreams(TenantId tenant, const TenantLimits& limits, LogBatch* batch,
                        WriteResult* result);
  // What tenants have beside what they may, and what was refused.
  void AddLimitFigures(std::vector<StatusFigure>* figures) const;
  size_t ShardOfStream(const Labels& labels) const { return labels.Hash() % shards_.size(); }
  size_t ShardOfTrace(TraceId trace_id) const;
  // The shard that is written last, whose record of the token vouches for all; see
  // docs/architecture.md. `touched` says which shards the batch has records for.
  size_t HomeOf(const BatchToken& token, const std::vector<bool>& touched) const;
  // Calls `write` for each touched shard, the home last; a home that is not touched records only
  // the token. True if the batch is new, false if it had been stored.
  absl::StatusOr<bool> WriteShards(TenantId tenant, const BatchToken& token,
                                   const std::vector<bool>& touched,
                                   absl::FunctionRef<absl::StatusOr<bool>(size_t shard)> write);
  absl::StatusOr<bool> WriteMetricShard(size_t shard, TenantId tenant, const MetricBatch& batch,
                                        const BatchToken& token);

  const std::unique_ptr<KeyValueStore> store_;
  std::unique_ptr<SegmentLog> segments_;  // Made by Recover; null: the journal is in store_.
  const StorageOptions options_;
  const Clock& clock_;
  Tenants tenants_;
  LimitBook limit_book_;
  SeriesLimits series_limits_;
  SampleRates sample_rates_;
  std::vector<std::unique_ptr<Shard>> shards_;  // Filled by Recover, then constant.
  MetricWriteObserver* observer_ = nullptr;
  std::atomic<uint64_t> log_version_{0};
  std::atomic<int64_t> next_retention_ms_{0};
  std::atomic<int64_t> next_sync_ms_{0};
  std::atomic<int64_t> kept_from_ms_{0};  // The first partition of metrics that is kept.
  DiskWatch disk_watch_;
  Mutex snapshot_mutex_;  // One at a time makes a snapshot.
};

}  // namespace vigil::storage
