// SPDX-License-Identifier: Apache-2.0
#include "storage/limits/sample_rates.h"

#include <algorithm>

#include <fmt/format.h>

#include "storage/limits/refusals.h"

namespace vigil::storage {
namespace {

constexpr size_t kTidyAtLeast = 1024;

// Accounts for `count` samples that come too fast.
void Refuse(Refusal refusal, uint64_t count, const std::string& reason, WriteResult* result) {
  if (count == 0) return;
  CountRefused(refusal, static_cast<int64_t>(count));
  result->rejected += static_cast<int64_t>(count);
  if (result->rejection_reason.empty()) result->rejection_reason = reason;
}

// Hands the samples of `batch` that `take` wants to `*admitted`.
template <typename Take>
void CopyIf(const MetricBatch& batch, Take take, MetricBatch* admitted) {
  admitted->Clear();
  batch.ForEachFloat([&](SeriesRef ref, int64_t time_ms, double value) {
    if (take(ref)) admitted->Add(ref, time_ms, value);
  });
  for (const HistogramSample& sample : batch.histograms) {
    if (take(sample.series)) admitted->histograms.push_back(sample);
  }
}

}  // namespace

void SampleRates::TakeByMetric(const TenantLimits& limits, int64_t now_ns, Tenant* tenant,
                               Quota* quota) {
  const uint64_t rate = limits.max_samples_per_second_per_metric;
  if (tenant->by_metric.size() >= tenant->tidy_at) {
    absl::erase_if(tenant->by_metric,
                   [&](const auto& entry) { return entry.second.Full(rate, now_ns); });
    tenant->tidy_at = std::max(kTidyAtLeast, 2 * tenant->by_metric.size());
  }
  for (auto& [metric, samples] : *quota) {
    samples = tenant->by_metric[metric].Take(rate, samples, now_ns);
  }
}

bool SampleRates::Filter(TenantId tenant, const TenantLimits& limits, int64_t now_ns,
                         const MetricBatch& batch, MetricOf metric_of, MetricBatch* admitted,
                         WriteResult* result) {
  const uint64_t rate = limits.max_samples_per_second;
  const uint64_t metric_rate = limits.max_samples_per_second_per_metric;
  if (batch.empty() || (rate == 0 && metric_rate == 0)) return false;

  Quota quota;
  absl::flat_hash_map<uint64_t, uint64_t*> quota_of;  // By series; into `quota`, once it is filled.
  if (metric_rate != 0) {
    absl::flat_hash_map<uint64_t, std::string> metrics;
    const auto count = [&](SeriesRef ref) {
      auto [at, added] = metrics.try_emplace(static_cast<uint64_t>(ref));
      if (added) at->second = metric_of(ref);
      ++quota[at->second];
    };
    batch.ForEachFloat([&](SeriesRef ref, int64_t, double) { count(ref); });
    for (const HistogramSample& sample : batch.histograms) count(sample.series);
    for (const auto& [ref, metric] : metrics) quota_of[ref] = &quota.find(metric)->second;
  }
  uint64_t left = batch.size();
  {
    MutexLock lock(&mutex_);
    Tenant& buckets = tenants_[tenant];
    if (metric_rate != 0) {
      TakeByMetric(limits, now_ns, &buckets, &quota);
      left = 0;
      for (const auto& [metric, samples] : quota) left += samples;
    }
    if (rate != 0) left = buckets.samples.Take(rate, left, now_ns);
  }
  if (left == batch.size()) return false;

  uint64_t over_metric = 0;
  const auto take = [&](SeriesRef ref) {
    if (metric_rate != 0) {
      uint64_t& of_metric = *quota_of.find(static_cast<uint64_t>(ref))->second;
      if (of_metric == 0) {
        ++over_metric;
        return false;
      }
      --of_metric;
    }
    if (left == 0) return false;
    --left;
    return true;
  };
  CopyIf(batch, take, admitted);
  const uint64_t over = batch.size() - admitted->size() - over_metric;
  Refuse(Refusal::kSampleRateOfMetric, over_metric,
         fmt::format("a metric has more samples a second than the limit "
                     "(limits.max_samples_per_second_per_metric) of {}",
                     metric_rate),
         result);
  Refuse(Refusal::kSampleRate, over,
         fmt::format("the tenant sends more samples a second than the limit "
                     "(limits.max_samples_per_second) of {}",
                     rate),
         result);
  return true;
}

}  // namespace vigil::storage
