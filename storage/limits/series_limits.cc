// SPDX-License-Identifier: Apache-2.0
#include "storage/limits/series_limits.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "storage/limits/refusals.h"

namespace vigil::storage {

absl::Status SeriesLimits::Take(TenantId tenant, std::string_view metric) {
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
  ++counts.series;
  if (of_metric == counts.by_metric.end()) {
    counts.by_metric.emplace(std::string(metric), 1);
  } else {
    ++of_metric->second;
  }
  return absl::OkStatus();
}

void SeriesLimits::Count(TenantId tenant, std::string_view metric) {
  MutexLock lock(&mutex_);
  Counts& counts = tenants_[tenant];
  ++counts.series;
  ++counts.by_metric[metric];
}

void SeriesLimits::Release(TenantId tenant, std::string_view metric) {
  MutexLock lock(&mutex_);
  Counts& counts = tenants_[tenant];
  const auto of_metric = counts.by_metric.find(metric);
  if (of_metric == counts.by_metric.end()) return;
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

uint64_t SeriesLimits::SeriesOf(TenantId tenant) const {
  MutexLock lock(&mutex_);
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? 0 : found->second.series;
}

}  // namespace vigil::storage
