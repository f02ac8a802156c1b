// SPDX-License-Identifier: Apache-2.0
//
// The write and read paths of StorageImpl: which shard has what.
#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/clock.h"
#include "base/status.h"
#include "storage/limits/record_rules.h"
#include "storage/logs/log_merge.h"
#include "storage/metric_adapters.h"
#include "storage/metrics/run_order.h"
#include "storage/metrics/series_rules.h"
#include "storage/records/partitioning.h"
#include "storage/shard/routing.h"
#include "storage/storage_impl.h"

namespace vigil::storage {
namespace {

uint64_t HashOf(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

// The shard that all samples belong to; nullopt if they have several, or there are none.
std::optional<uint32_t> OnlyShardOf(const MetricBatch& batch) {
  if (batch.empty()) return std::nullopt;
  const SeriesRef first = !batch.runs.empty()         ? batch.runs.front().first
                          : !batch.histograms.empty() ? batch.histograms.front().series
                                                      : batch.exemplars.front().series;
  const uint32_t shard = ShardOf(first);
  const bool others =
      std::any_of(batch.runs.begin(), batch.runs.end(),
                  [&](const SampleRun& run) { return ShardOf(run.first) != shard; }) ||
      std::any_of(batch.histograms.begin(), batch.histograms.end(),
                  [&](const HistogramSample& sample) { return ShardOf(sample.series) != shard; }) ||
      std::any_of(batch.exemplars.begin(), batch.exemplars.end(),
                  [&](const ExemplarSample& sample) { return ShardOf(sample.series) != shard; });
  return others ? std::nullopt : std::optional(shard);
}

// The earliest instant of a sample. Requires: there is one.
int64_t FirstInstantOf(const MetricBatch& batch) {
  int64_t first_ms = std::numeric_limits<int64_t>::max();
  for (const SampleRun& run : batch.runs) first_ms = std::min(first_ms, run.time_ms);
  for (const HistogramSample& sample : batch.histograms) {
    first_ms = std::min(first_ms, sample.time_ms);
  }
  return first_ms;
}

}  // namespace

TimeRules StorageImpl::RulesFor(int64_t retention_ms) const {
  // What retention would drop at once is refused, not acknowledged and lost.
  int64_t max_age_ms = options_.max_age_ms;
  if (retention_ms > 0 && (max_age_ms == 0 || retention_ms < max_age_ms)) {
    max_age_ms = retention_ms;
  }
  return {clock_.NowMs(), max_age_ms, options_.max_future_ms};
}

TimeRules StorageImpl::CurrentTimeRules() const { return RulesFor(options_.metric_retention_ms); }

size_t StorageImpl::ShardOfTrace(TraceId trace_id) const {
  return HashOf(trace_id.AsBytes()) % shards_.size();
}

size_t StorageImpl::HomeOf(const BatchToken& token, const std::vector<bool>& touched) const {
  // A numbered source has one home, where its last number can be asked for.
  if (token.kind == BatchToken::Kind::kNumber) return HashOf(token.source) % shards_.size();
  // The same bytes touch the same shards.
  const auto first = std::find(touched.begin(), touched.end(), true);
  return first == touched.end() ? 0 : first - touched.begin();
}

absl::StatusOr<bool> StorageImpl::WriteShards(
    TenantId tenant, const BatchToken& token, const std::vector<bool>& touched,
    absl::FunctionRef<absl::StatusOr<bool>(size_t shard)> write) {
  const size_t home = HomeOf(token, touched);
  for (size_t shard = 0; shard < shards_.size(); ++shard) {
    if (shard == home || !touched[shard]) continue;
    VIGIL_RETURN_IF_ERROR(write(shard).status());
  }
  if (touched[home]) return write(home);
  if (token.kind == BatchToken::Kind::kNone) return true;
  return shards_[home]->Write(EntryKind::kToken, tenant, token, {}, [] {});
}

absl::StatusOr<SeriesRef> StorageImpl::GetOrCreateSeries(TenantId tenant, const Labels& labels,
                                                         const MetricMetadata& metadata) {
  const auto create = [&](const Labels& all) {
    const size_t shard = ShardOfSeries(all, shards_.size());
    return shards_[shard]->metrics().GetOrCreate(tenant, all, metadata);
  };
  // Who says nothing may have said it in labels.
  const bool labelled = options_.type_and_unit_labels && metadata != MetricMetadata();
  return labelled ? create(WithTypeAndUnit(labels, metadata)) : create(labels);
}

absl::StatusOr<bool> StorageImpl::WriteMetricShard(size_t shard, TenantId tenant,
                                                   const MetricBatch& sent,
                                                   const BatchToken& token) {
  MetricBatch joined;
  const MetricBatch& batch = JoinRuns(sent, &joined) ? joined : sent;
  MetricShard& metrics = shards_[shard]->metrics();
  std::string payload;
  metrics.Encode(tenant, batch, &payload);
  return shards_[shard]->Write(EntryKind::kMetrics, tenant, token, payload,
                               [&] { metrics.Apply(tenant, batch); });
}

absl::StatusOr<WriteResult> StorageImpl::WriteMetrics(TenantId tenant, const MetricBatch& all,
                                                      const BatchToken& token) {
  WriteResult result;
  MetricBatch in_time;
  const MetricBatch& timely = CurrentTimeRules().Filter(all, &in_time, &result) ? in_time : all;
  MetricBatch admitted;
  const auto metric_of = [&](SeriesRef ref) {
    return shards_[ShardOf(ref)]->metrics().MetricOf(tenant, ref);
  };
  const bool limited = sample_rates_.Filter(tenant, limit_book_.Of(tenant), MonotonicNs(), timely,
                                            metric_of, &admitted, &result);
  const MetricBatch& batch = limited ? admitted : timely;
  std::vector<bool> touched(shards_.size(), false);
  absl::StatusOr<bool> stored;
  if (const std::optional<uint32_t> only = OnlyShardOf(batch); only.has_value()) {
    // Nearly always: what one exporter sends belongs to one shard.
    touched[*only] = true;
    stored = WriteShards(tenant, token, touched, [&](size_t shard) {
      return WriteMetricShard(shard, tenant, batch, token);
    });
  } else {
    std::vector<MetricBatch> parts(shards_.size());
    batch.ForEachFloat([&parts](SeriesRef ref, int64_t time_ms, double value) {
      parts[ShardOf(ref)].Add(ref, time_ms, value);
    });
    for (const HistogramSample& sample : batch.histograms) {
      parts[ShardOf(sample.series)].histograms.push_back(sample);
    }
    for (const ExemplarSample& sample : batch.exemplars) {
      parts[ShardOf(sample.series)].exemplars.push_back(sample);
    }
    for (size_t shard = 0; shard < parts.size(); ++shard) touched[shard] = !parts[shard].empty();
    stored = WriteShards(tenant, token, touched, [&](size_t shard) {
      return WriteMetricShard(shard, tenant, parts[shard], token);
    });
  }
  // Also what failed may be there in part.
  if (observer_ != nullptr && batch.size() != 0) {
    observer_->OnMetricsWritten(tenant, FirstInstantOf(batch));
  }
  VIGIL_RETURN_IF_ERROR(stored.status());
  result.duplicate = !*stored;
  return result;
}

absl::StatusOr<MetricDeletion> StorageImpl::DeleteMetrics(TenantId tenant,
                                                          const std::vector<Matcher>& matchers,
                                                          TimeRange range) {
  const bool takes_all = std::all_of(matchers.begin(), matchers.end(),
                                     [](const Matcher& matcher) { return matcher.MatchesEmpty(); });
  if (takes_all) {
    return absl::InvalidArgumentError(
        "the selector would take every series: it needs a matcher that the empty text does not "
        "meet");
  }
  MetricDeletion all;
  absl::Status status;
  for (const auto& shard : shards_) {
    const absl::StatusOr<MetricDeletion> one = shard->DeleteMetrics(tenant, matchers, range);
    status = one.status();
    if (!status.ok()) break;
    all.series += one->series;
    all.samples += one->samples;
  }
  if (observer_ != nullptr) observer_->OnMetricsWritten(tenant, range.start_ms);
  VIGIL_RETURN_IF_ERROR(status);
  return all;
}

std::unique_ptr<MetricQuerier> StorageImpl::NewMetricQuerier(TenantId tenant) {
  std::vector<std::unique_ptr<MetricQuerier>> queriers;
  for (const auto& shard : shards_) queriers.push_back(shard->metrics().NewQuerier(tenant));
  return MergeQueriers(std::move(queriers));
}

absl::Status StorageImpl::SetMetricMetadata(TenantId tenant, std::string_view metric,
                                            const MetricMetadata& metadata) {
  // A metric's series may be in any shard; what is told without one has its place here.
  return shards_[HashOf(metric) % shards_.size()]->metrics().SetMetadata(tenant, metric, metadata);
}

absl::StatusOr<std::vector<ExemplarSeries>> StorageImpl::ReadExemplars(
    TenantId tenant, const std::vector<Matcher>& matchers, TimeRange range) {
  std::vector<ExemplarSeries> all;
  for (const auto& shard : shards_) {
    VIGIL_ASSIGN_OR_RETURN(std::vector<ExemplarSeries> some,
                           shard->metrics().Exemplars(tenant, matchers, range));
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  std::sort(all.begin(), all.end(),
            [](const ExemplarSeries& a, const ExemplarSeries& b) { return a.labels < b.labels; });
  return all;
}

std::vector<std::pair<std::string, MetricMetadata>> StorageImpl::MetricMetadataOf(TenantId tenant) {
  std::map<std::string, MetricMetadata> by_name;
  for (const auto& shard : shards_) {
    for (auto& [name, metadata] : shard->metrics().Metadata(tenant)) by_name[name] = metadata;
  }
  return {by_name.begin(), by_name.end()};
}

std::unique_ptr<MetricSource> StorageImpl::MetricSourceFor(TenantId tenant) {
  return MakeMetricSource(this, tenant);
}

std::unique_ptr<MetricSink> StorageImpl::MetricSinkFor(TenantId tenant) {
  return MakeMetricSink(this, tenant);
}

absl::StatusOr<WriteResult> StorageImpl::WriteLogs(TenantId tenant, LogBatch batch,
                                                   const BatchToken& token) {
  WriteResult result;
  RulesFor(options_.log_retention_ms).Filter(&batch, &result);
  const TenantLimits limits = limit_book_.Of(tenant);
  FilterBySize(limits, &batch, &result);
  FilterNewStreams(tenant, limits, &batch, &result);
  std::vector<LogBatch> parts(shards_.size());
  std::vector<bool> touched(shards_.size(), false);
  for (LogStreamBatch& stream : batch.streams) {
    const size_t shard = ShardOfStream(stream.labels);
    touched[shard] = true;
    parts[shard].streams.push_back(std::move(stream));
  }
  VIGIL_ASSIGN_OR_RETURN(const bool stored, WriteShards(tenant, token, touched, [&](size_t shard) {
                           LogShard& logs = shards_[shard]->logs();
                           std::string payload;
                           logs.Encode(tenant, parts[shard], &payload);
                           return shards_[shard]->Write(
                               EntryKind::kLogs, tenant, token, payload,
                               [&] { logs.Apply(tenant, std::move(parts[shard])); });
                         }));
  result.duplicate = !stored;
  log_version_.fetch_add(1);
  return result;
}

absl::Status StorageImpl::ReadLogs(TenantId tenant, const LogSelection& selection,
                                   LogVisitor visit) {
  std::vector<LogSource> sources;
  for (const auto& shard : shards_) {
    std::vector<LogSource> some = shard->logs().Sources(tenant, selection.stream_matchers);
    std::move(some.begin(), some.end(), std::back_inserter(sources));
  }
  std::sort(sources.begin(), sources.end(), [](const LogSource& a, const LogSource& b) {
    return a.stream->labels() < b.stream->labels();
  });
  LogMerge merge(store_.get(), RecordPartitioning(options_.logs.partition_ms), selection,
                 std::move(sources));
  return merge.Run(visit);
}

absl::StatusOr<std::vector<Labels>> StorageImpl::LogStreams(TenantId tenant,
                                                            const std::vector<Matcher>& matchers) {
  std::vector<Labels> all;
  for (const auto& shard : shards_) {
    VIGIL_ASSIGN_OR_RETURN(std::vector<Labels> some, shard->logs().Streams(tenant, matchers));
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  std::sort(all.begin(), all.end());
  return all;
}

absl::StatusOr<WriteResult> StorageImpl::WriteSpans(TenantId tenant, std::vector<Span> spans,
                                                    const BatchToken& token) {
  WriteResult result;
  RulesFor(options_.span_retention_ms).Filter(&spans, &result);
  FilterBySize(limit_book_.Of(tenant), &spans, &result);
  std::vector<std::vector<Span>> parts(shards_.size());
  std::vector<bool> touched(shards_.size(), false);
  for (Span& span : spans) {
    const size_t shard = ShardOfTrace(span.trace_id);
    touched[shard] = true;
    parts[shard].push_back(std::move(span));
  }
  VIGIL_ASSIGN_OR_RETURN(const bool stored, WriteShards(tenant, token, touched, [&](size_t shard) {
                           SpanShard& part = shards_[shard]->spans();
                           std::string payload;
                           part.Encode(tenant, parts[shard], &payload);
                           return shards_[shard]->Write(
                               EntryKind::kSpans, tenant, token, payload,
                               [&] { part.Apply(tenant, std::move(parts[shard])); });
                         }));
  result.duplicate = !stored;
  return result;
}

absl::StatusOr<std::vector<Span>> StorageImpl::ReadTrace(TenantId tenant, TraceId trace_id) {
  return shards_[ShardOfTrace(trace_id)]->spans().Trace(tenant, trace_id);
}

absl::Status StorageImpl::ReadSpans(TenantId tenant, int64_t start_ns, int64_t end_ns,
                                    SpanVisitor visit) {
  bool more = true;
  for (const auto& shard : shards_) {
    VIGIL_RETURN_IF_ERROR(shard->spans().Read(tenant, start_ns, end_ns, [&](const Span& span) {
      more = visit(span);
      return more;
    }));
    if (!more) break;
  }
  return absl::OkStatus();
}

}  // namespace vigil::storage
