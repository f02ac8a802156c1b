// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/series_catalog.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "storage/limits/refusals.h"
#include "storage/limits/series_limits.h"
#include "storage/metrics/series_rules.h"

namespace vigil::storage {

absl::StatusOr<uint32_t> SeriesCatalog::GetOrCreate(TenantId tenant, const Labels& labels,
                                                    const MetricMetadata& metadata) {
  const TenantLimits limits = limits_ == nullptr ? TenantLimits{} : limits_->Of(tenant);
  if (absl::Status status = CheckSeriesLabels(labels, limits); !status.ok()) {
    CountRefused(Refusal::kLabels);
    return status;
  }
  TenantSeries& series = FindOrCreate(tenant);
  VIGIL_ASSIGN_OR_RETURN(const uint32_t number, series.index.GetOrAdd(labels, [&](uint64_t) {
    return NewNumber(tenant, labels);
  }));
  series.metadata.Set(labels.MetricName(), metadata);
  return number;
}

absl::Status SeriesCatalog::SetMetadata(TenantId tenant, std::string_view metric,
                                        const MetricMetadata& metadata) {
  const TenantLimits limits = limits_ == nullptr ? TenantLimits{} : limits_->Of(tenant);
  VIGIL_RETURN_IF_ERROR(CheckSeriesLabels(Labels{{kMetricName, metric}}, limits));
  MetadataTable& table = FindOrCreate(tenant).metadata;
  if (table.size() >= kMaxMetadata && table.Get(metric) == MetricMetadata()) {
    return absl::ResourceExhaustedError(
        fmt::format("the tenant has metadata of {} metrics in shard {}; that is the limit",
                    table.size(), shard_));
  }
  table.Set(metric, metadata);
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> SeriesCatalog::NewNumber(TenantId tenant, const Labels& labels) {
  MutexLock lock(&number_mutex_);
  if (next_number_ > kMaxSeriesNumber) {
    return absl::ResourceExhaustedError(fmt::format(
        "shard {} has given out all of its {} series numbers", shard_, kMaxSeriesNumber));
  }
  if (limits_ != nullptr) VIGIL_RETURN_IF_ERROR(limits_->Take(tenant, labels.MetricName()));
  const auto number = static_cast<uint32_t>(next_number_++);
  states_.Set(number, kSeriesKnown);
  return number;
}

absl::Status SeriesCatalog::Restore(TenantId tenant, uint32_t number, const Labels& labels,
                                    bool stored) {
  TenantSeries* const known = Find(tenant);
  const bool counted = known != nullptr && known->index.LabelsOf(number).has_value();
  const bool taken = states_.Has(number, kSeriesKnown) &&
                     (known == nullptr || !known->index.LabelsOf(number).has_value());
  if (taken || !FindOrCreate(tenant).index.Restore(number, labels)) {
    return absl::DataLossError(fmt::format("series {} of tenant {} in shard {} contradicts another",
                                           number, static_cast<uint32_t>(tenant), shard_));
  }
  if (limits_ != nullptr && !counted) limits_->Count(tenant, labels.MetricName());
  states_.Set(number, kSeriesKnown | kSeriesJournaled | (stored ? kSeriesStored : 0));
  RaiseNextNumber(uint64_t{number} + 1);
  return absl::OkStatus();
}

void SeriesCatalog::CountRetired(const TenantSeries& series, uint32_t number) {
  const std::optional<Labels> labels = series.index.LabelsOf(number);
  if (limits_ != nullptr && labels) limits_->Release(series.tenant, labels->MetricName());
}

void SeriesCatalog::MarkPresent(TenantId tenant, std::span<const SeriesIndex::Presence> marks) {
  TenantSeries& series = FindOrCreate(tenant);
  for (const uint32_t number : series.index.MarkPresent(marks)) {
    const std::optional<Labels> labels = series.index.LabelsOf(number);
    if (limits_ != nullptr && labels) limits_->Count(tenant, labels->MetricName());
  }
}

TenantSeries* SeriesCatalog::Find(TenantId tenant) const {
  ReaderLock lock(&mutex_);
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? nullptr : found->second.get();
}

TenantSeries& SeriesCatalog::FindOrCreate(TenantId tenant) {
  if (TenantSeries* const found = Find(tenant); found != nullptr) return *found;
  WriterLock lock(&mutex_);
  std::unique_ptr<TenantSeries>& series = tenants_[tenant];
  if (series == nullptr) {
    series = std::make_unique<TenantSeries>(tenant, static_cast<uint8_t>(shard_));
  }
  return *series;
}

std::vector<TenantSeries*> SeriesCatalog::Tenants() const {
  std::vector<TenantSeries*> tenants;
  ReaderLock lock(&mutex_);
  for (const auto& [id, series] : tenants_) tenants.push_back(series.get());
  return tenants;
}

std::vector<SeriesDefinition> SeriesCatalog::Undefined(TenantId tenant,
                                                       const MetricBatch& batch) const {
  std::vector<uint32_t> numbers;
  const auto look_at = [this, &numbers](SeriesRef first, uint32_t count) {
    const auto number = static_cast<uint32_t>(NumberOf(first));
    if (states_.HasAll(number, count, kSeriesJournaled)) [[likely]]
      return;
    for (uint32_t i = 0; i < count; ++i) {
      if (!states_.Has(number + i, kSeriesJournaled)) numbers.push_back(number + i);
    }
  };
  for (const SampleRun& run : batch.runs) look_at(run.first, run.count);
  for (const HistogramSample& sample : batch.histograms) look_at(sample.series, 1);
  for (const ExemplarSample& sample : batch.exemplars) look_at(sample.series, 1);
  std::vector<SeriesDefinition> definitions;
  const TenantSeries* const series = Find(tenant);
  if (numbers.empty() || series == nullptr) return definitions;

  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  definitions.reserve(numbers.size());
  for (const uint32_t number : numbers) {
    std::optional<Labels> labels = series->index.LabelsOf(number);
    if (!labels.has_value()) continue;
    MetricMetadata metadata = series->metadata.Get(labels->MetricName());
    definitions.push_back({number, *std::move(labels), std::move(metadata)});
  }
  std::stable_sort(definitions.begin(), definitions.end(),
                   [](const SeriesDefinition& a, const SeriesDefinition& b) {
                     return a.labels.MetricName() < b.labels.MetricName();
                   });
  return definitions;
}

void SeriesCatalog::MarkJournaled(const MetricBatch& batch) {
  for (const SampleRun& run : batch.runs) {
    states_.SetAll(static_cast<uint32_t>(NumberOf(run.first)), run.count, kSeriesJournaled);
  }
  for (const HistogramSample& sample : batch.histograms) {
    states_.Set(static_cast<uint32_t>(NumberOf(sample.series)), kSeriesJournaled);
  }
  for (const ExemplarSample& sample : batch.exemplars) {
    states_.Set(static_cast<uint32_t>(NumberOf(sample.series)), kSeriesJournaled);
  }
}

uint64_t SeriesCatalog::next_number() const {
  MutexLock lock(&number_mutex_);
  return next_number_;
}

void SeriesCatalog::RaiseNextNumber(uint64_t next) {
  MutexLock lock(&number_mutex_);
  next_number_ = std::max(next_number_, next);
}

}  // namespace vigil::storage
