// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/memory_metrics.h"

#include <bit>
#include <utility>

#include <fmt/format.h>

namespace vigil::alerting {
namespace {

using storage::LabeledSample;
using storage::Labels;
using storage::SampleColumns;

int64_t NewestTime(const SampleColumns& columns) {
  int64_t newest_ms = INT64_MIN;
  if (!columns.times_ms.empty()) newest_ms = columns.times_ms.back();
  if (!columns.histogram_times_ms.empty()) {
    newest_ms = std::max(newest_ms, columns.histogram_times_ms.back());
  }
  return newest_ms;
}

bool SameAsNewest(const SampleColumns& columns, const LabeledSample& sample) {
  return sample.histogram == nullptr && !columns.times_ms.empty() &&
         columns.times_ms.back() == sample.time_ms &&
         std::bit_cast<uint64_t>(columns.values.back()) == std::bit_cast<uint64_t>(sample.value);
}

bool AppendOne(const LabeledSample& sample, SampleColumns* columns) {
  if (SameAsNewest(*columns, sample)) return true;
  if (sample.time_ms <= NewestTime(*columns)) return false;
  if (sample.histogram != nullptr) {
    columns->histogram_times_ms.push_back(sample.time_ms);
    columns->histograms.push_back(sample.histogram);
  } else {
    columns->times_ms.push_back(sample.time_ms);
    columns->values.push_back(sample.value);
  }
  return true;
}

// Reads a copy that was made when it was.
class MemoryQuerier final : public storage::MetricQuerier {
 public:
  explicit MemoryQuerier(const MemorySeries& series) {
    for (const auto& entry : series) series_.push_back(entry);
  }

  absl::StatusOr<std::vector<storage::SeriesHandle>> Select(
      const std::vector<storage::Matcher>& matchers, TimeRange) override {
    std::vector<storage::SeriesHandle> handles;
    for (size_t i = 0; i < series_.size(); ++i) {
      if (!storage::MatchesAll(matchers, series_[i].first)) continue;
      handles.push_back({storage::SeriesRef{i}, series_[i].first});
    }
    return handles;
  }

  absl::Status Read(storage::SeriesRef ref, TimeRange range, SampleColumns* columns) override {
    const SampleColumns& all = series_[static_cast<size_t>(ref)].second;
    columns->Clear();
    for (size_t i = 0; i < all.times_ms.size(); ++i) {
      if (!range.Contains(all.times_ms[i])) continue;
      columns->times_ms.push_back(all.times_ms[i]);
      columns->values.push_back(all.values[i]);
    }
    for (size_t i = 0; i < all.histogram_times_ms.size(); ++i) {
      if (!range.Contains(all.histogram_times_ms[i])) continue;
      columns->histogram_times_ms.push_back(all.histogram_times_ms[i]);
      columns->histograms.push_back(all.histograms[i]);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> LabelNames(const std::vector<storage::Matcher>&,
                                                      TimeRange) override {
    return absl::UnimplementedError("rules do not ask for names");
  }
  absl::StatusOr<std::vector<std::string>> LabelValues(const std::string&,
                                                       const std::vector<storage::Matcher>&,
                                                       TimeRange) override {
    return absl::UnimplementedError("rules do not ask for values");
  }

 private:
  std::vector<std::pair<Labels, SampleColumns>> series_;
};

}  // namespace

std::unique_ptr<storage::MetricQuerier> MemoryMetrics::NewQuerier() {
  const MutexLock lock(&mutex_);
  return std::make_unique<MemoryQuerier>(series_);
}

absl::StatusOr<storage::WriteResult> MemoryMetrics::Append(
    const std::vector<LabeledSample>& samples, const storage::MetricMetadata&) {
  const MutexLock lock(&mutex_);
  if (failures_ > 0) {
    --failures_;
    return error_;
  }
  storage::WriteResult result;
  for (const LabeledSample& sample : samples) {
    if (AppendOne(sample, &series_[sample.labels])) continue;
    ++result.rejected;
    result.rejection_reason = fmt::format("out of order: {}", sample.labels.ToString());
  }
  return result;
}

void MemoryMetrics::FailAppends(int64_t count, absl::Status error) {
  const MutexLock lock(&mutex_);
  failures_ = count;
  error_ = std::move(error);
}

MemorySeries MemoryMetrics::Dump(std::string_view name) const {
  const MutexLock lock(&mutex_);
  MemorySeries dump;
  for (const auto& [labels, columns] : series_) {
    if (name.empty() || labels.MetricName() == name) dump.emplace(labels, columns);
  }
  return dump;
}

}  // namespace vigil::alerting
