// SPDX-License-Identifier: Apache-2.0
//
// A shard of metrics as it ought to be, in maps: what tests hold the real one against.
#pragma once

#include <algorithm>
#include <bit>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/duration.h"
#include "storage/metrics/metric_shard.h"
#include "storage/model/ids.h"
#include "storage/model/sample.h"
#include "storage/series/labels.h"

namespace vigil::storage {

// A sample's value; floats compare bit for bit.
struct ModelValue {
  uint64_t bits = 0;
  std::shared_ptr<const Histogram> histogram;  // Instead of the bits, if not null.

  friend bool operator==(const ModelValue& a, const ModelValue& b) {
    if ((a.histogram == nullptr) != (b.histogram == nullptr)) return false;
    return a.histogram == nullptr ? a.bits == b.bits : *a.histogram == *b.histogram;
  }
  friend std::ostream& operator<<(std::ostream& out, const ModelValue& value) {
    if (value.histogram != nullptr) return out << "histogram of sum " << value.histogram->sum;
    return out << std::bit_cast<double>(value.bits);
  }
};

using ModelSamples = std::map<int64_t, ModelValue>;

inline ModelValue FloatValue(double value) { return {std::bit_cast<uint64_t>(value), nullptr}; }

// What a querier gave, as the model has it. An instant that comes twice or out of order shows as an
// entry at the lowest instant.
inline ModelSamples ToModel(const SampleColumns& columns) {
  static constexpr int64_t kBroken = INT64_MIN;
  ModelSamples samples;
  const auto add = [&samples](const std::vector<int64_t>& times, size_t i, ModelValue value) {
    const bool ascends = i == 0 || times[i - 1] < times[i];
    if (!ascends || !samples.emplace(times[i], value).second) samples[kBroken] = value;
  };
  for (size_t i = 0; i < columns.times_ms.size(); ++i) {
    add(columns.times_ms, i, FloatValue(columns.values.at(i)));
  }
  for (size_t i = 0; i < columns.histogram_times_ms.size(); ++i) {
    add(columns.histogram_times_ms, i, {0, columns.histograms.at(i)});
  }
  return samples;
}

// Not thread-safe.
class ShardModel {
 public:
  explicit ShardModel(int64_t partition_ms) : partition_ms_(partition_ms) {}

  void Put(TenantId tenant, const Labels& labels, int64_t time_ms, ModelValue value) {
    if (time_ms >= expired_before_ms_) series_[{tenant, labels}][time_ms] = std::move(value);
  }

  void DropBefore(int64_t unix_ms) {
    expired_before_ms_ = PartitionOf(unix_ms);
    for (auto& [key, samples] : series_) {
      samples.erase(samples.begin(), samples.lower_bound(expired_before_ms_));
    }
  }

  // The series of a tenant with samples in the partitions that `range` touches, sorted by labels.
  std::vector<std::string> Select(TenantId tenant, TimeRange range) const {
    std::vector<std::string> labels;
    // Tests stay within these bounds; rounding to partitions does not overflow then.
    constexpr int64_t kFar = int64_t{1} << 50;
    range.start_ms = std::max({range.start_ms, expired_before_ms_, -kFar});
    range.end_ms = std::min(range.end_ms, kFar);
    if (range.start_ms > range.end_ms) return labels;
    const int64_t start = PartitionOf(range.start_ms);
    const int64_t end = PartitionOf(range.end_ms) + partition_ms_;
    for (const auto& [key, samples] : series_) {
      const auto first = samples.lower_bound(start);
      const bool present = first != samples.end() && first->first < end;
      if (key.first == tenant && present) labels.push_back(key.second.ToString());
    }
    return labels;
  }

  // The series of a tenant with samples in `range` itself: what a selection must have at least.
  std::vector<std::string> SelectExactly(TenantId tenant, TimeRange range) const {
    std::vector<std::string> labels;
    for (const auto& [key, samples] : series_) {
      if (key.first == tenant && !Read(tenant, key.second, range).empty()) {
        labels.push_back(key.second.ToString());
      }
    }
    return labels;
  }

  ModelSamples Read(TenantId tenant, const Labels& labels, TimeRange range) const {
    const auto found = series_.find({tenant, labels});
    if (found == series_.end() || range.start_ms > range.end_ms) return {};
    return {found->second.lower_bound(range.start_ms), found->second.upper_bound(range.end_ms)};
  }

  int64_t expired_before_ms() const { return expired_before_ms_; }

 private:
  int64_t PartitionOf(int64_t time_ms) const {
    const int64_t rest = time_ms % partition_ms_;
    return time_ms - (rest < 0 ? rest + partition_ms_ : rest);
  }

  const int64_t partition_ms_;
  int64_t expired_before_ms_ = INT64_MIN;
  std::map<std::pair<TenantId, Labels>, ModelSamples> series_;
};

}  // namespace vigil::storage
