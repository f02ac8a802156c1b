// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/shard_querier.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/status.h"
#include "storage/kv/keys.h"
#include "storage/metrics/exemplar_rows.h"
#include "storage/metrics/sample_merge.h"

namespace vigil::storage {
namespace {

constexpr int64_t kForever = std::numeric_limits<int64_t>::max();

// An exemplar comes with a later sample of its series, an export interval at most after it: what
// has samples so long after a range may have exemplars in it.
constexpr int64_t kExemplarLeadMs = kMillisPerHour;

}  // namespace

ShardQuerier::ShardQuerier(const Source& source, HeadPair heads)
    : source_(source),
      heads_(std::move(heads)),
      blocks_(source.store, source.tenant, static_cast<uint8_t>(source.shard)) {}

TimeRange ShardQuerier::Clamp(TimeRange range) const {
  range.start_ms = std::max(range.start_ms, source_.expired_before_ms->load());
  return range;
}

TimeRange ShardQuerier::PartitionsOf(TimeRange range) const {
  if (range.start_ms > range.end_ms) return range;
  return {source_.partitioning.StartOf(range.start_ms), range.end_ms};
}

absl::StatusOr<std::vector<SeriesHandle>> ShardQuerier::Select(const std::vector<Matcher>& matchers,
                                                               TimeRange range) {
  std::vector<SeriesHandle> handles;
  const TenantSeries* const series = source_.catalog->Find(source_.tenant);
  if (series == nullptr) return handles;
  auto selected = series->index.Select(matchers, PartitionsOf(Clamp(range)));
  handles.reserve(selected.size());
  for (SeriesIndex::Series& one : selected) {
    handles.push_back({MakeSeriesRef(source_.shard, one.number), std::move(one.labels)});
  }
  return handles;
}

absl::StatusOr<std::vector<std::string>> ShardQuerier::LabelNames(
    const std::vector<Matcher>& matchers, TimeRange range) {
  const TenantSeries* const series = source_.catalog->Find(source_.tenant);
  if (series == nullptr) return std::vector<std::string>();
  return series->index.LabelNames(matchers, PartitionsOf(Clamp(range)));
}

absl::StatusOr<std::vector<std::string>> ShardQuerier::LabelValues(
    const std::string& name, const std::vector<Matcher>& matchers, TimeRange range) {
  const TenantSeries* const series = source_.catalog->Find(source_.tenant);
  if (series == nullptr) return std::vector<std::string>();
  return series->index.LabelValues(name, matchers, PartitionsOf(Clamp(range)));
}

absl::Status ShardQuerier::Read(SeriesRef ref, TimeRange range, SampleColumns* columns) {
  columns->Clear();
  const uint64_t number = NumberOf(ref);
  const TenantSeries* const series = source_.catalog->Find(source_.tenant);
  if (ShardOf(ref) != source_.shard || number > kMaxSeriesNumber || series == nullptr) {
    return absl::InvalidArgumentError(fmt::format("shard {} has no series {} of the tenant",
                                                  source_.shard, static_cast<uint64_t>(ref)));
  }
  range = Clamp(range);
  if (range.start_ms > range.end_ms) return absl::OkStatus();
  const auto short_number = static_cast<uint32_t>(number);
  const absl::Status status = ReadBlocks(*series, short_number, range, columns);
  for (const MetricHead* head : {heads_.sealed.get(), heads_.open.get()}) {
    if (head == nullptr) continue;
    SampleColumns samples;
    head->Read(short_number, range, &samples);
    Overlay(std::move(samples), columns);
  }
  return columns->Empty() ? status : absl::OkStatus();
}

absl::StatusOr<std::vector<ExemplarSeries>> ShardQuerier::Exemplars(
    const std::vector<Matcher>& matchers, TimeRange range) {
  std::vector<ExemplarSeries> all;
  range = Clamp(range);
  if (range.start_ms > range.end_ms) return all;
  TimeRange of_samples = range;
  if (range.end_ms < kForever - kExemplarLeadMs) of_samples.end_ms += kExemplarLeadMs;
  VIGIL_ASSIGN_OR_RETURN(std::vector<SeriesHandle> handles, Select(matchers, of_samples));
  std::vector<ExemplarTarget> targets;
  all.resize(handles.size());
  for (size_t i = 0; i < handles.size(); ++i) {
    all[i].labels = std::move(handles[i].labels);
    const auto number = static_cast<uint32_t>(NumberOf(handles[i].ref));
    targets.push_back({MetricHash(all[i].labels.MetricName()), number, &all[i].exemplars});
    for (const MetricHead* head : {heads_.sealed.get(), heads_.open.get()}) {
      if (head == nullptr) continue;
      std::vector<Exemplar> some = head->exemplars().Read(number);
      std::move(some.begin(), some.end(), std::back_inserter(all[i].exemplars));
    }
  }
  VIGIL_RETURN_IF_ERROR(ReadExemplars(source_.store, source_.tenant,
                                      static_cast<uint8_t>(source_.shard), range,
                                      source_.partitioning, std::move(targets)));
  for (ExemplarSeries& series : all) {
    std::vector<Exemplar>& exemplars = series.exemplars;
    std::erase_if(exemplars,
                  [&range](const Exemplar& one) { return !range.Contains(one.time_ms); });
    std::sort(exemplars.begin(), exemplars.end());
    exemplars.erase(std::unique(exemplars.begin(), exemplars.end()), exemplars.end());
  }
  std::erase_if(all, [](const ExemplarSeries& series) { return series.exemplars.empty(); });
  return all;
}

absl::Status ShardQuerier::ReadBlocks(const TenantSeries& series, uint32_t number, TimeRange range,
                                      SampleColumns* columns) {
  const std::vector<int64_t> partitions = series.blocks.PartitionsOf(number, PartitionsOf(range));
  if (partitions.empty()) return absl::OkStatus();
  const std::optional<Labels> labels = series.index.LabelsOf(number);
  if (!labels.has_value()) return absl::OkStatus();
  const uint32_t metric = MetricHash(labels->MetricName());
  absl::Status first_failure;
  for (const int64_t partition_ms : partitions) {
    SampleColumns samples;
    const absl::Status status = blocks_.Read(partition_ms, metric, number, range, &samples);
    if (first_failure.ok()) first_failure = status;
    AppendRange(std::move(samples), range, columns);
  }
  return first_failure;
}

}  // namespace vigil::storage
