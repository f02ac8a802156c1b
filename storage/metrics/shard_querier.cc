// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/shard_querier.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "storage/kv/keys.h"
#include "storage/metrics/sample_merge.h"

namespace vigil::storage {

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
