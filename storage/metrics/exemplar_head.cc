// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/exemplar_head.h"

#include <algorithm>

#include "base/metrics.h"

namespace vigil::storage {
namespace {

size_t SizeOf(const Exemplar& exemplar) {
  return sizeof(Exemplar) + exemplar.labels.packed().size();
}

void CountDropped() {
  static Counter& dropped = GetCounter("vigil_exemplars_dropped_total",
                                       "Exemplars beyond what is kept of a series or in all.");
  dropped.Add();
}

}  // namespace

void ExemplarHead::Append(TenantId tenant, std::span<const ExemplarSample> samples) {
  if (samples.empty()) return;
  MutexLock lock(&mutex_);
  for (const ExemplarSample& sample : samples) AddLocked(tenant, sample);
}

void ExemplarHead::AddLocked(TenantId tenant, const ExemplarSample& sample) {
  const auto [at, added] = series_.try_emplace(static_cast<uint32_t>(NumberOf(sample.series)));
  Series& series = at->second;
  std::vector<Exemplar>& kept = series.exemplars;
  const auto place = std::lower_bound(kept.begin(), kept.end(), sample.exemplar);
  if (place != kept.end() && *place == sample.exemplar) return;
  const bool full = kept.size() >= kMaxPerSeries || exemplars_ >= max_exemplars_;
  if (full) CountDropped();
  if (full && place == kept.begin()) {  // It would be the oldest itself.
    if (added) series_.erase(at);
    return;
  }
  series.tenant = tenant;
  size_bytes_ += SizeOf(sample.exemplar) + (added ? sizeof(Series) : 0);
  kept.insert(place, sample.exemplar);
  if (full) {
    size_bytes_ -= SizeOf(kept.front());
    kept.erase(kept.begin());
  } else {
    ++exemplars_;
  }
}

std::vector<Exemplar> ExemplarHead::Read(uint32_t number) const {
  MutexLock lock(&mutex_);
  const auto found = series_.find(number);
  return found == series_.end() ? std::vector<Exemplar>() : found->second.exemplars;
}

void ExemplarHead::ForEach(absl::FunctionRef<void(TenantId tenant, uint32_t number,
                                                  const std::vector<Exemplar>& exemplars)>
                               visit) const {
  MutexLock lock(&mutex_);
  std::vector<uint32_t> numbers;
  for (const auto& [number, series] : series_) numbers.push_back(number);
  std::sort(numbers.begin(), numbers.end());
  for (const uint32_t number : numbers) {
    const Series& series = series_.at(number);
    visit(series.tenant, number, series.exemplars);
  }
}

size_t ExemplarHead::size_bytes() const {
  MutexLock lock(&mutex_);
  return size_bytes_;
}

}  // namespace vigil::storage
