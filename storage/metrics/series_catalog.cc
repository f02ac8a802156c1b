// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/series_catalog.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/status.h"
#include "storage/limits/refusals.h"
#include "storage/limits/series_limits.h"
#include "storage/metrics/series_rules.h"
#include "storage/series/set_codec.h"
#include "storage/shard/routing.h"

namespace vigil::storage {
namespace {

// Series whose rows are removed in one go, while new series wait: some tens of milliseconds.
constexpr uint64_t kRemovedAtOnce = 4096;

SeriesLimits::Described Described(const Labels& labels) {
  SeriesLimits::Described series = {.metric = labels.MetricName()};
  for (const LabelView& label : labels)
    series.label_bytes += label.name.size() + label.value.size();
  return series;
}

// Whose numbers those labels take one of. Series that no exporter is named for share.
uint64_t LeaseOf(const Labels& labels) {
  return labels.Has("job") || labels.Has("instance") ? ExporterHash(labels) : 0;
}

// Calls visit(chunk, slots) for the series of the batch: once for those of a chunk that come one
// after another.
template <typename Visit>
void VisitChunks(const MetricBatch& batch, const Visit& visit) {
  uint32_t chunk = 0;
  SlotSet slots = 0;
  const auto add = [&](SeriesRef first, uint32_t count) {
    auto number = static_cast<uint32_t>(NumberOf(first));
    while (count > 0) {
      if (ChunkOf(number) != chunk) {
        if (slots != 0) visit(chunk, slots);
        chunk = ChunkOf(number);
        slots = 0;
      }
      const uint32_t here = std::min(count, kChunkSize - SlotOf(number));
      slots |= SlotRange(SlotOf(number), here);
      number += here;
      count -= here;
    }
  };
  for (const SampleRun& run : batch.runs) add(run.first, run.count);
  for (const HistogramSample& sample : batch.histograms) add(sample.series, 1);
  for (const ExemplarSample& sample : batch.exemplars) add(sample.series, 1);
  if (slots != 0) visit(chunk, slots);
}

}  // namespace

absl::StatusOr<uint32_t> SeriesCatalog::GetOrCreate(TenantId tenant, const Labels& labels,
                                                    const MetricMetadata& metadata) {
  const TenantLimits limits = limits_ == nullptr ? TenantLimits{} : limits_->Of(tenant);
  if (absl::Status status = CheckSeriesLabels(labels, limits); !status.ok()) {
    CountRefused(Refusal::kLabels);
    return status;
  }
  TenantSeries& series = FindOrCreate(tenant);
  const auto hold = [this](uint32_t number) { states_.Set(number, kSeriesHeld); };
  std::optional<uint32_t> number = series.index.Find(labels, hold);
  if (!number.has_value()) {
    MutexLock lock(&series.slow_mutex);
    VIGIL_ASSIGN_OR_RETURN(number, FindOrMake(&series, labels));
    hold(*number);
  }
  series.metadata.Set(labels.MetricName(), metadata);
  return *number;
}

absl::StatusOr<uint32_t> SeriesCatalog::FindOrMake(TenantSeries* series, const Labels& labels) {
  if (series->seen.MayContain(labels) && !series->index.Find(labels).has_value()) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<uint32_t> number, series->rows.Find(labels));
    if (number.has_value()) {
      VIGIL_RETURN_IF_ERROR(Return(series, *number, labels));
      series->recent.NoteThawed(*number);
      return *number;
    }
  }
  VIGIL_ASSIGN_OR_RETURN(const uint32_t number, series->index.GetOrAdd(labels, [&](uint64_t) {
    return NewNumber(series, labels);
  }));
  series->seen.Add(labels);
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

absl::StatusOr<uint32_t> SeriesCatalog::NewNumber(TenantSeries* series, const Labels& labels) {
  if (limits_ != nullptr) VIGIL_RETURN_IF_ERROR(limits_->Take(series->tenant, Described(labels)));
  const std::optional<uint32_t> number = numbers_.Take(LeaseOf(labels), &series->leases);
  if (!number.has_value()) {
    if (limits_ != nullptr) limits_->Release(series->tenant, Described(labels));
    return absl::ResourceExhaustedError(fmt::format(
        "shard {} has given out all of its {} series numbers", shard_, kMaxSeriesNumber));
  }
  states_.Set(*number, kSeriesKnown);
  return *number;
}

absl::Status SeriesCatalog::Restore(TenantId tenant, uint32_t number, const Labels& labels,
                                    bool stored) {
  TenantSeries& known = FindOrCreate(tenant);
  const bool counted = known.index.Contains(number);
  const bool taken = states_.Has(number, kSeriesKnown) && !counted;
  if (taken || !known.index.Restore(number, labels)) {
    return absl::DataLossError(fmt::format("series {} of tenant {} in shard {} contradicts another",
                                           number, static_cast<uint32_t>(tenant), shard_));
  }
  known.seen.Add(labels);
  if (limits_ != nullptr && !counted) limits_->Count(tenant, Described(labels));
  states_.Set(number, kSeriesKnown | kSeriesJournaled | (stored ? kSeriesStored : 0));
  RaiseNextNumber(uint64_t{number} + 1);
  return absl::OkStatus();
}

absl::StatusOr<bool> SeriesCatalog::Thaw(TenantSeries* series, uint32_t number) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Labels> labels, series->rows.LabelsOf(number));
  if (!labels.has_value()) return false;
  VIGIL_RETURN_IF_ERROR(Return(series, number, *labels));
  return true;
}

absl::Status SeriesCatalog::Return(TenantSeries* series, uint32_t number, const Labels& labels) {
  bool added = false;
  if (!series->index.Restore(number, labels, &added)) {
    return absl::DataLossError(fmt::format("series {} of tenant {} in shard {} contradicts another",
                                           number, static_cast<uint32_t>(series->tenant), shard_));
  }
  if (limits_ != nullptr && added) limits_->Count(series->tenant, Described(labels));
  states_.Set(number, kSeriesKnown | kSeriesJournaled | kSeriesStored);
  RaiseNextNumber(uint64_t{number} + 1);
  return absl::OkStatus();
}

void SeriesCatalog::Mark(TenantId tenant, std::span<const SeriesIndex::Presence> marks) {
  TenantSeries& series = FindOrCreate(tenant);
  std::vector<uint32_t> absent;
  series.index.MarkPresent(marks, &absent);
  for (const uint32_t number : absent) {
    const absl::StatusOr<bool> thawed = Thaw(&series, number);
    if (thawed.ok() && *thawed) continue;
    static Counter& failures =
        GetCounter("vigil_series_thaw_failures_total",
                   "Series that got samples and whose row was not readable.");
    failures.Add(1);
    Log(LogLevel::kError, "series row not readable",
        {{"shard", int64_t{shard_}},
         {"series", uint64_t{number}},
         {"error", thawed.ok() ? std::string("there is none") : MessageOf(thawed.status())}});
  }
}

absl::StatusOr<std::optional<Labels>> SeriesCatalog::LabelsOf(const TenantSeries& series,
                                                              uint32_t number) {
  std::optional<Labels> labels = series.index.LabelsOf(number);
  if (labels.has_value()) return labels;
  return series.rows.LabelsOf(number);
}

SeriesSet SeriesCatalog::StoredOf(const SeriesSet& numbers) const {
  SeriesSet stored;
  for (const uint32_t number : numbers) {
    if (states_.Has(number, kSeriesStored)) stored.add(number);
  }
  return stored;
}

void SeriesCatalog::Evict(TenantSeries* series, const SeriesSet& numbers) {
  series->index.Evict(numbers, [&](std::string_view metric, size_t label_bytes) {
    if (limits_ != nullptr) limits_->Release(series->tenant, {metric, label_bytes});
  });
}

void SeriesCatalog::EvictExpired(TenantSeries* series) {
  const SeriesSet expired = StoredOf(series->recent.TakeExpired());
  series->index.SetWindowStart(series->recent.CertainFrom());
  if (expired.isEmpty()) return;
  series->any_cold.store(true);
  Evict(series, expired);
}

void SeriesCatalog::Bury(TenantSeries* series, const SeriesSet& gone, WriteBatch* batch) {
  EvictDead(series, gone);
  series->dead.AddAll(0, gone);
  series->dead.AddRows(batch);
}

void SeriesCatalog::EvictDead(TenantSeries* series, const SeriesSet& gone) {
  if (gone.isEmpty()) return;
  series->any_cold.store(true);
  Evict(series, StoredOf(gone));
}

void SeriesCatalog::RelearnSeen(TenantSeries* series) const {
  series->seen.BeginAnew();
  const uint64_t end = next_number();
  for (uint64_t number = 1; number < end; ++number) {
    const auto short_number = static_cast<uint32_t>(number);
    if (!states_.Has(short_number, kSeriesKnown) || states_.Has(short_number, kSeriesStored))
      continue;
    const std::optional<Labels> labels = series->index.LabelsOf(short_number);
    if (labels.has_value()) series->seen.Add(*labels);
  }
}

absl::StatusOr<bool> SeriesCatalog::LearnSeen(int64_t deadline_ns) {
  bool more = false;
  for (TenantSeries* series : Tenants()) {
    if (series->seen.MostlyRemoved()) RelearnSeen(series);
    VIGIL_ASSIGN_OR_RETURN(const bool more_of_tenant, series->seen.Learn(deadline_ns));
    more |= more_of_tenant;
  }
  return more;
}

absl::Status SeriesCatalog::RemoveSomeDead(TenantSeries* series) {
  const SeriesSet dead = series->dead.At(0);
  if (dead.isEmpty()) return absl::OkStatus();
  const SeriesSet revived = dead & series->index.Present();
  series->dead.RemoveAll(0, revived);
  SeriesSet removed;
  WriteBatch batch;
  {
    MutexLock lock(&series->slow_mutex);
    for (const uint32_t number : dead - revived) {
      if (removed.cardinality() == kRemovedAtOnce) break;
      if (states_.Has(number, kSeriesHeld) || series->index.Contains(number)) continue;
      VIGIL_RETURN_IF_ERROR(series->rows.AddRemoval(number, &batch));
      removed.add(number);
    }
    series->dead.RemoveAll(0, removed);
    series->dead.AddRows(&batch);
    if (batch.empty()) return absl::OkStatus();
    // With a sync: the journal may soon tell of the same labels under another number, and must not
    // find both after a loss of power.
    const absl::Status written = store_.Write(batch, Durability::kSync);
    if (!written.ok()) {
      series->dead.AddAll(0, removed);
      return written;
    }
  }
  series->dead.RowsWritten();
  series->seen.NoteRemoved(removed.cardinality());
  return DropEmptyGroups(*series, removed);
}

absl::Status SeriesCatalog::DropEmptyGroups(const TenantSeries& series, const SeriesSet& removed) {
  const SeriesSet in_use = series.index.Present() | series.dead.At(0);
  for (auto at = removed.begin(); at != removed.end();) {
    const uint32_t group = GroupOf(*at);
    const bool complete = next_number() > (uint64_t{group} + 1) << kGroupBits;
    if (complete && !in_use.intersect(WholeGroup(group)) && !series.index.AnyIn(group)) {
      VIGIL_RETURN_IF_ERROR_WITH(series.rows.DropPostings(group), "dropping postings");
    }
    if (group == kGroups - 1) break;
    at.equalorlarger((group + 1) << kGroupBits);
  }
  return absl::OkStatus();
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
    series = std::make_unique<TenantSeries>(tenant, static_cast<uint8_t>(shard_), hot_window_ms_,
                                            &store_);
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
  VisitChunks(batch, [this, &numbers](uint32_t chunk, SlotSet slots) {
    SlotSet missing = states_.Missing(chunk, slots, kSeriesJournaled);
    for (; missing != 0; missing &= missing - 1) {
      numbers.push_back(chunk * kChunkSize + static_cast<uint32_t>(std::countr_zero(missing)));
    }
  });
  std::vector<SeriesDefinition> definitions;
  const TenantSeries* const series = Find(tenant);
  if (numbers.empty() || series == nullptr) return definitions;

  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  std::vector<SeriesIndex::Series> found = series->index.LabelsOf(numbers);
  std::vector<std::pair<std::string_view, size_t>> by_metric;
  by_metric.reserve(found.size());
  for (size_t i = 0; i < found.size(); ++i) by_metric.emplace_back(found[i].labels.MetricName(), i);
  std::sort(by_metric.begin(), by_metric.end());
  definitions.reserve(found.size());
  MetricMetadata metadata;
  std::string metric;
  for (const auto& [name, i] : by_metric) {
    if (definitions.empty() || metric != name) {
      metric = name;
      metadata = series->metadata.Get(name);
    }
    definitions.push_back({found[i].number, std::move(found[i].labels), metadata});
  }
  return definitions;
}

void SeriesCatalog::MarkJournaled(const MetricBatch& batch) {
  VisitChunks(batch, [this](uint32_t chunk, SlotSet slots) {
    states_.SetAll(chunk, slots, kSeriesJournaled);
  });
}

}  // namespace vigil::storage
