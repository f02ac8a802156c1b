// SPDX-License-Identifier: Apache-2.0
//
// The door of the store: one data directory with the metrics, logs and spans of its tenants, and
// the key-value space in which alerting keeps its state.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/clock.h"
#include "storage/kv/kv_store.h"
#include "storage/limits/tenant_limits.h"
#include "storage/logs/log_shard.h"
#include "storage/metrics/metric_shard.h"
#include "storage/metrics/querier.h"
#include "storage/model/batch.h"
#include "storage/model/ids.h"
#include "storage/model/record.h"
#include "storage/model/sample.h"
#include "storage/model/write_observer.h"
#include "storage/series/labels.h"
#include "storage/spans/span_shard.h"
#include "storage/time_rules.h"

namespace vigil::storage {

struct StorageOptions {
  std::string data_dir;
  // Fixed when the directory is made; a directory that exists keeps its own. 0: one per core, at
  // most 8.
  uint32_t shards = 0;
  // kSync: acknowledged means on stable storage. kNoSync: a kill of the process loses nothing, loss
  // of power up to `sync_interval_ms`.
  Durability durability = Durability::kSync;
  int64_t sync_interval_ms = 1000;
  // Data older than this goes, partition by partition; 0 keeps everything.
  int64_t metric_retention_ms = 31 * kMillisPerDay;
  int64_t log_retention_ms = 31 * kMillisPerDay;
  int64_t span_retention_ms = 31 * kMillisPerDay;
  // Samples, records and spans beyond [now - max_age, now + max_future] are refused; a max_age of 0
  // admits everything older, so that back-filling just works, as far as retention would keep it.
  int64_t max_age_ms = 0;
  int64_t max_future_ms = 10 * kMillisPerMinute;
  // What the key-value store may take for cached blocks and write buffers.
  size_t store_memory_bytes = 256 << 20;
  // Heads are flushed when they hold this much or are this old.
  size_t head_flush_bytes = 256 << 20;
  int64_t head_flush_age_ms = 30 * kMillisPerMinute;
  // What a call of Maintain may spend on merging metric blocks: called once a second, a quarter of
  // a core.
  int64_t compaction_budget_ms = 250;
  // Whether series get the type and the unit that their sender tells as `__type__` and `__unit__`,
  // in place of labels of theirs.
  bool type_and_unit_labels = false;
  // What tenants may have and send.
  LimitSettings limits;
  // What series may take of memory, those of all tenants together; 0: no such limit.
  uint64_t max_series_bytes = 0;
  MetricOptions metrics;
  LogOptions logs;
  SpanOptions spans;
};

struct LabeledSample {
  Labels labels;
  int64_t time_ms = 0;
  double value = 0;
  std::shared_ptr<const Histogram> histogram;  // Instead of the value, if not null.
  // Of its metric; null: what the call says for all. Borrowed for the call.
  const MetricMetadata* metadata = nullptr;
};

// Writes samples of one tenant by their labels. For those that write few: rules, scrapes.
class MetricSink {
 public:
  virtual ~MetricSink() = default;
  virtual absl::StatusOr<WriteResult> Append(const std::vector<LabeledSample>& samples,
                                             const MetricMetadata& metadata) = 0;
};

// Figures for `vigil status`: section, name, value.
struct StatusFigure {
  std::string section;
  std::string name;
  std::string value;
};

// Thread-safe. Writes return once durable (see StorageOptions::durability). Errors of all calls:
// ResourceExhausted (disk full, limits), Unavailable (try again), DataLoss.
class Storage {
 public:
  // Opens or makes the directory and recovers. FailedPrecondition when another process has it open
  // or a newer vigil wrote it; PermissionDenied when it cannot be written. `clock` must outlive it.
  static absl::StatusOr<std::unique_ptr<Storage>> Open(const StorageOptions& options,
                                                       const Clock* clock);
  // The same on a store that the caller made (tests); `options.data_dir` is not used.
  static absl::StatusOr<std::unique_ptr<Storage>> OpenOn(std::unique_ptr<KeyValueStore> store,
                                                         const StorageOptions& options,
                                                         const Clock* clock);
  virtual ~Storage() = default;

  // The number of the tenant of that name, given out at first use; "" is the default tenant.
  // InvalidArgument for a name over 150 bytes or with other characters than letters, digits and
  // "!-_.*'()".
  virtual absl::StatusOr<TenantId> Tenant(std::string_view name) = 0;

  // The same for those who only ask: a tenant that nothing was ever written to is not made, and
  // has nothing (kUnknownTenant).
  virtual absl::StatusOr<TenantId> FindTenant(std::string_view name) = 0;

  // Takes new limits for what comes from now on.
  virtual void SetLimits(LimitSettings limits) = 0;

  // Which instants of samples are admitted now. Writes refuse the others; those who count what a
  // sender sent in other units than samples ask first.
  virtual TimeRules CurrentTimeRules() const = 0;

  // Metrics. GetOrCreateSeries: see MetricShard. A ref stays good as long as the process runs.
  virtual absl::StatusOr<SeriesRef> GetOrCreateSeries(TenantId tenant, const Labels& labels,
                                                      const MetricMetadata& metadata) = 0;
  virtual absl::StatusOr<WriteResult> WriteMetrics(TenantId tenant, const MetricBatch& batch,
                                                   const BatchToken& token) = 0;
  // Removes the samples in `range` that were written before the call, of series that meet
  // `matchers`, for good. InvalidArgument when the matchers would take every series. A failure, or
  // a crash, may leave some of them removed.
  virtual absl::StatusOr<MetricDeletion> DeleteMetrics(TenantId tenant,
                                                       const std::vector<Matcher>& matchers,
                                                       TimeRange range) = 0;
  // From now on `observer` is told of what is written and deleted; null: nobody is. Borrowed.
  // Requires: no write is under way.
  virtual void ObserveMetricWrites(MetricWriteObserver* observer) = 0;
  virtual std::unique_ptr<MetricQuerier> NewMetricQuerier(TenantId tenant) = 0;
  // The exemplars in `range` of the series that meet every matcher, sorted by labels; series
  // without any are left out. Those that a batch brings along are as durable as its samples, but of
  // a series only the newest of each flush are kept (see storage/metrics/exemplar_head.h).
  virtual absl::StatusOr<std::vector<ExemplarSeries>> ReadExemplars(
      TenantId tenant, const std::vector<Matcher>& matchers, TimeRange range) = 0;
  virtual std::vector<std::pair<std::string, MetricMetadata>> MetricMetadataOf(TenantId tenant) = 0;
  // For senders that tell it apart from samples; see MetricShard::SetMetadata.
  virtual absl::Status SetMetricMetadata(TenantId tenant, std::string_view metric,
                                         const MetricMetadata& metadata) = 0;
  // Adapters for those who need only one side of one tenant. They borrow the storage.
  virtual std::unique_ptr<MetricSource> MetricSourceFor(TenantId tenant) = 0;
  virtual std::unique_ptr<MetricSink> MetricSinkFor(TenantId tenant) = 0;

  // Logs. The visitor of ReadLogs gets records of all shards, merged in time order.
  virtual absl::StatusOr<WriteResult> WriteLogs(TenantId tenant, LogBatch batch,
                                                const BatchToken& token) = 0;
  virtual absl::Status ReadLogs(TenantId tenant, const LogSelection& selection,
                                LogVisitor visit) = 0;
  virtual absl::StatusOr<std::vector<Labels>> LogStreams(TenantId tenant,
                                                         const std::vector<Matcher>& matchers) = 0;
  // Rises with every batch of logs stored; for followers to see whether there is news.
  virtual uint64_t LogVersion() const = 0;

  // Spans.
  virtual absl::StatusOr<WriteResult> WriteSpans(TenantId tenant, std::vector<Span> spans,
                                                 const BatchToken& token) = 0;
  virtual absl::StatusOr<std::vector<Span>> ReadTrace(TenantId tenant, TraceId trace_id) = 0;
  virtual absl::Status ReadSpans(TenantId tenant, int64_t start_ns, int64_t end_ns,
                                 SpanVisitor visit) = 0;

  // The number of the last durable batch of a kNumber source, 0 if there was none.
  virtual uint64_t LastDurableNumber(TenantId tenant, std::string_view source) = 0;

  // Where alerting keeps its rows (Family::kState); keys begin with the owner's name and "/".
  virtual KeyValueStore& state() = 0;

  // Does what is due at the clock's now: flush heads, merge blocks, drop old partitions. Called
  // about once a second by whoever runs the store. Returns the first failure, having tried
  // everything.
  virtual absl::Status Maintain() = 0;
  // Flushes all heads to blocks now.
  virtual absl::Status Flush() = 0;
  // Flushes, merges all metric blocks for good and has the key-value store write its files anew.
  // Takes as long as reading and writing everything; reads and writes go on.
  virtual absl::Status Compact() = 0;

  // Makes the new directory `path` (relative to where the process runs) with a consistent copy of
  // everything that was acknowledged before, which Open takes; by hard links where it can. Returns
  // its absolute path. AlreadyExists, NotFound (no parent), InvalidArgument (no path, or one within
  // the data directory); after a failure nothing is left of it.
  virtual absl::StatusOr<std::string> Snapshot(const std::string& path) = 0;

  // About the memory of what is not in blocks yet, bytes.
  virtual size_t HeadBytes() const = 0;
  virtual std::vector<StatusFigure> Status() = 0;
};

}  // namespace vigil::storage
