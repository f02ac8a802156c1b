// SPDX-License-Identifier: Apache-2.0
#include "storage/limits/series_limits.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "base/byte_size.h"
#include "storage/limits/refusals.h"

namespace vigil::storage {
namespace {

// What a series takes of memory besides its labels: its row in the table, its places in postings
// and sets, what the lanes and columns keep of it. Labels count in full, though most values are
// kept once for all series that have them: which those are is not known here.
constexpr uint64_t kBytesPerSeries = 320;

uint64_t CostOf(const SeriesLimits::Described& series) {
  return kBytesPerSeries + series.label_bytes;
}

}  // namespace

absl::Status SeriesLimits::Take(TenantId tenant, const Described& series) {
  const std::string_view metric = series.metric;
  const TenantLimits limits = book_.Of(tenant);
  MutexLock lock(&mutex_);
  Counts& counts = tenants_[tenant];
  if (Exceeds(counts.series + 1, limits.max_series)) {
    CountRefused(Refusal::kSeries);
    return absl::ResourceExhaustedError(
        fmt::format("the tenant has {} series; the limit (limits.max_series) is {}", counts.series,
                    limits.max_series));
  }
  const auto of_metric = counts.by_metric.find(metric);
  const uint64_t before = of_metric == counts.by_metric.end() ? 0 : of_metric->second;
  if (Exceeds(before + 1, limits.max_series_per_metric)) {
    CountRefused(Refusal::kSeriesOfMetric);
    return absl::ResourceExhaustedError(fmt::format(
        "metric {} has {} series; the limit (limits.max_series_per_metric) is {}: one of its "
        "labels takes too many values",
        metric, before, limits.max_series_per_metric));
  }
  // Samples of series that are there are taken as long as there is any room: new ones wait first.
  if (Exceeds(bytes_ + CostOf(series), max_bytes_)) {
    CountRefused(Refusal::kSeriesMemory);
    return absl::ResourceExhaustedError(fmt::format(
        "the series in memory take about {}, which is what the memory limit (--memory-limit, "
        "server.memory_limit) has for them",
        FormatByteSize(bytes_)));
  }
  bytes_ += CostOf(series);
  ++counts.series;
  if (of_metric == counts.by_metric.end()) {
    counts.by_metric.emplace(std::string(metric), 1);
  } else {
    ++of_metric->second;
  }
  return absl::OkStatus();
}

void SeriesLimits::Count(TenantId tenant, const Described& series) {
  MutexLock lock(&mutex_);
  Counts& counts = tenants_[tenant];
  bytes_ += CostOf(series);
  ++counts.series;
  ++counts.by_metric[series.metric];
}

void SeriesLimits::Release(TenantId tenant, const Described& series) {
  MutexLock lock(&mutex_);
  Counts& counts = tenants_[tenant];
  const auto of_metric = counts.by_metric.find(series.metric);
  if (of_metric == counts.by_metric.end()) return;
  bytes_ -= CostOf(series);
  --counts.series;
  if (--of_metric->second == 0) counts.by_metric.erase(of_metric);
}

std::vector<SeriesLimits::Usage> SeriesLimits::Usages() const {
  std::vector<Usage> usages;
  {
    MutexLock lock(&mutex_);
    for (const auto& [tenant, counts] : tenants_) {
      if (counts.series > 0) usages.push_back({tenant, counts.series});
    }
  }
  std::sort(usages.begin(), usages.end(), [](const Usage& a, const Usage& b) {
    return a.series != b.series ? a.series > b.series : a.tenant < b.tenant;
  });
  return usages;
}

uint64_t SeriesLimits::Bytes() const {
  MutexLock lock(&mutex_);
  return bytes_;
}

uint64_t SeriesLimits::SeriesOf(TenantId tenant) const {
  MutexLock lock(&mutex_);
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? 0 : found->second.series;
}

}  // namespace vigil::storage
