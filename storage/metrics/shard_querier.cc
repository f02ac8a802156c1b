// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/shard_querier.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <set>
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
      blocks_(source.store, source.tenant, static_cast<uint8_t>(source.shard), source.recent_times),
      cold_(source.store, source.tenant, static_cast<uint8_t>(source.shard)) {}

TenantSeries* ShardQuerier::FindSeries() const {
  TenantSeries* series = series_.load(std::memory_order_acquire);
  if (series != nullptr) return series;
  series = source_.catalog->Find(source_.tenant);
  series_.store(series, std::memory_order_release);
  return series;
}

TimeRange ShardQuerier::Clamp(TimeRange range) const {
  range.start_ms = std::max(range.start_ms, source_.expired_before_ms->load());
  return range;
}

TimeRange ShardQuerier::PartitionsOf(TimeRange range) const {
  if (range.start_ms > range.end_ms) return range;
  return {source_.partitioning.StartOf(range.start_ms), range.end_ms};
}

SeriesIndex::Scope ShardQuerier::ScopeOf(TimeRange range) const {
  range = Clamp(range);
  return {PartitionsOf(range), range.start_ms, max_label_bytes_};
}

absl::StatusOr<std::vector<SeriesHandle>> ShardQuerier::Select(const std::vector<Matcher>& matchers,
                                                               TimeRange range) {
  std::vector<SeriesHandle> handles;
  const TenantSeries* const series = FindSeries();
  if (series == nullptr) return handles;
  SeriesSet cold;
  auto selected = series->index.Select(matchers, ScopeOf(range), &cold);
  handles.reserve(selected.size());
  for (SeriesIndex::Series& one : selected) {
    handles.push_back({MakeSeriesRef(source_.shard, one.number), std::move(one.labels)});
  }
  // Before the rows of others are read for nothing, and with them.
  VIGIL_RETURN_IF_ERROR(CheckLabelBytes(handles, max_label_bytes_));
  if (cold.isEmpty()) return handles;
  VIGIL_RETURN_IF_ERROR(AddCold(matchers, cold, &handles));
  VIGIL_RETURN_IF_ERROR(CheckLabelBytes(handles, max_label_bytes_));
  return handles;
}

bool ShardQuerier::IsAllInMemory(const TenantSeries& series, TimeRange range) {
  return range.start_ms >= series.index.window_start_ms() || !series.any_cold.load();
}

SelectionStamp ShardQuerier::StampOf(const std::vector<Matcher>& matchers, TimeRange range) {
  range = Clamp(range);
  if (range.start_ms > range.end_ms) return {};
  SelectionStamp::Part part;
  part.partitions = {source_.partitioning.StartOf(range.start_ms),
                     source_.partitioning.StartOf(range.end_ms)};
  if (TenantSeries* const series = FindSeries(); series != nullptr) {
    part.any_series = true;
    part.versions = series->index.StampOf(matchers);
    if (!IsAllInMemory(*series, range)) return {};
  }
  return {{part}};
}

bool ShardQuerier::HoldsPart(const SelectionStamp::Part& part, TimeRange range) {
  range = Clamp(range);
  if (range.start_ms > range.end_ms) return false;
  if (part.partitions.start_ms != source_.partitioning.StartOf(range.start_ms) ||
      part.partitions.end_ms != source_.partitioning.StartOf(range.end_ms)) {
    return false;
  }
  const TenantSeries* const series = FindSeries();
  if (series == nullptr || !part.any_series) return (series != nullptr) == part.any_series;
  return IsAllInMemory(*series, range) && series->index.Holds(part.versions);
}

absl::Status ShardQuerier::AddCold(const std::vector<Matcher>& matchers,
                                   const SeriesSet& candidates,
                                   std::vector<SeriesHandle>* handles) {
  VIGIL_ASSIGN_OR_RETURN(const SeriesSet selected, cold_.Select(matchers, candidates));
  VIGIL_ASSIGN_OR_RETURN(auto series, cold_.LabelsOf(selected));
  if (series.empty()) return absl::OkStatus();
  {
    MutexLock lock(&mutex_);
    for (const auto& [number, labels] : series) {
      cold_metrics_[number] = MetricHash(labels.MetricName());
    }
  }
  for (auto& [number, labels] : series) {
    handles->push_back({MakeSeriesRef(source_.shard, number), std::move(labels)});
  }
  std::sort(handles->begin(), handles->end(),
            [](const SeriesHandle& a, const SeriesHandle& b) { return a.labels < b.labels; });
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ShardQuerier::LabelNames(
    const std::vector<Matcher>& matchers, TimeRange range) {
  const TenantSeries* const series = FindSeries();
  if (series == nullptr) return std::vector<std::string>();
  SeriesSet cold;
  std::vector<std::string> names = series->index.LabelNames(matchers, ScopeOf(range), &cold);
  if (cold.isEmpty()) return names;
  VIGIL_ASSIGN_OR_RETURN(const SeriesSet selected, cold_.Select(matchers, cold));
  std::set<std::string> all(names.begin(), names.end());
  VIGIL_RETURN_IF_ERROR(cold_.AddNames(selected, &all));
  return std::vector<std::string>(all.begin(), all.end());
}

absl::StatusOr<std::vector<std::string>> ShardQuerier::LabelValues(
    const std::string& name, const std::vector<Matcher>& matchers, TimeRange range) {
  const TenantSeries* const series = FindSeries();
  if (series == nullptr) return std::vector<std::string>();
  SeriesSet cold;
  std::vector<std::string> values =
      series->index.LabelValues(name, matchers, ScopeOf(range), &cold);
  if (cold.isEmpty()) return values;
  VIGIL_ASSIGN_OR_RETURN(const SeriesSet selected, cold_.Select(matchers, cold));
  std::set<std::string> all(values.begin(), values.end());
  VIGIL_RETURN_IF_ERROR(cold_.AddValues(name, selected, &all));
  return std::vector<std::string>(all.begin(), all.end());
}

std::optional<uint64_t> ShardQuerier::SeriesAtMost(const std::vector<Matcher>& matchers,
                                                   TimeRange range) {
  const TenantSeries* const series = FindSeries();
  return series == nullptr ? 0 : series->index.SeriesAtMost(matchers, ScopeOf(range));
}

absl::Status ShardQuerier::Read(SeriesRef ref, TimeRange range, SampleColumns* columns) {
  columns->Clear();
  const uint64_t number = NumberOf(ref);
  const TenantSeries* const series = FindSeries();
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
    if (columns->Empty()) {
      head->Read(short_number, range, columns);
      continue;
    }
    SampleColumns samples;
    head->Read(short_number, range, &samples);
    Overlay(std::move(samples), columns);
  }
  return columns->Empty() ? status : absl::OkStatus();
}

NewestSample ShardQuerier::ReadNewest(SeriesRef ref, TimeRange range) {
  using Kind = NewestSample::Kind;
  const uint64_t number = NumberOf(ref);
  const TenantSeries* const series = FindSeries();
  if (ShardOf(ref) != source_.shard || number > kMaxSeriesNumber || series == nullptr) return {};
  range = Clamp(range);
  NewestSample newest = {.kind = Kind::kNone};
  if (range.start_ms > range.end_ms) return newest;
  // Of two samples for one instant that in the younger head counts, and that in a head before that
  // in a block.
  for (const MetricHead* head : {heads_.open.get(), heads_.sealed.get()}) {
    if (head == nullptr) continue;
    const NewestSample one = head->ReadNewest(static_cast<uint32_t>(number), range);
    if (one.kind == Kind::kUnknown) return one;
    if (one.kind == Kind::kNone) continue;
    if (newest.kind == Kind::kNone || one.time_ms > newest.time_ms) newest = one;
  }
  if (newest.kind == Kind::kFloat && newest.time_ms >= series->recent.newest_ms()) return newest;
  const bool in_blocks = MayBeInBlocks(*series, static_cast<uint32_t>(number), range);
  return in_blocks ? NewestSample{} : newest;
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

absl::StatusOr<std::optional<uint32_t>> ShardQuerier::MetricOf(const TenantSeries& series,
                                                               uint32_t number) {
  {
    MutexLock lock(&mutex_);
    if (const auto known = cold_metrics_.find(number); known != cold_metrics_.end()) {
      return std::optional(known->second);
    }
  }
  uint32_t metric = 0;
  const auto take = [&metric](std::string_view name) { metric = MetricHash(name); };
  if (series.index.VisitMetric(number, take)) return std::optional(metric);
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Labels> labels, series.rows.LabelsOf(number));
  if (!labels.has_value()) return std::optional<uint32_t>();
  return std::optional(MetricHash(labels->MetricName()));
}

bool ShardQuerier::MayBeInBlocks(const TenantSeries& series, uint32_t number,
                                 TimeRange range) const {
  return range.start_ms <= series.recent.newest_ms() &&
         !series.blocks.PartitionsOf(number, PartitionsOf(range)).empty();
}

absl::Status ShardQuerier::ReadBlocks(const TenantSeries& series, uint32_t number, TimeRange range,
                                      SampleColumns* columns) {
  if (range.start_ms > series.recent.newest_ms()) return absl::OkStatus();
  const std::vector<int64_t> partitions = series.blocks.PartitionsOf(number, PartitionsOf(range));
  if (partitions.empty()) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const std::optional<uint32_t> known, MetricOf(series, number));
  if (!known.has_value()) return absl::OkStatus();
  const uint32_t metric = *known;
  absl::Status first_failure;
  for (const int64_t partition_ms : partitions) {
    const absl::Status status = blocks_.Read(partition_ms, metric, number, range, columns);
    if (first_failure.ok()) first_failure = status;
  }
  return first_failure;
}

}  // namespace vigil::storage
