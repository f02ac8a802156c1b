// SPDX-License-Identifier: Apache-2.0
//
// Samples of metrics: floats and native histograms at Unix milliseconds, as columns.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/model/histogram.h"

namespace vigil::storage {

// The NaN that says "this series ends here". It is told from other NaNs by its bits and must be
// kept bit for bit: never let it pass through arithmetic.
inline constexpr uint64_t kStaleNanBits = 0x7FF0000000000002;
inline double StaleNan() { return std::bit_cast<double>(kStaleNanBits); }
inline bool IsStale(double value) { return std::bit_cast<uint64_t>(value) == kStaleNanBits; }
// A histogram is a staleness marker when its sum is.
inline bool IsStale(const Histogram& histogram) { return IsStale(histogram.sum); }

// The samples of one series in a time range. Both time columns ascend strictly, and no instant is
// in both of them.
struct SampleColumns {
  std::vector<int64_t> times_ms;
  std::vector<double> values;  // As long as times_ms.
  std::vector<int64_t> histogram_times_ms;
  std::vector<std::shared_ptr<const Histogram>> histograms;  // As long as histogram_times_ms.

  void Clear() {
    times_ms.clear();
    values.clear();
    histogram_times_ms.clear();
    histograms.clear();
  }
  bool Empty() const { return times_ms.empty() && histogram_times_ms.empty(); }
};

enum class MetricType : uint8_t {
  kUnknown = 0,
  kCounter = 1,
  kGauge = 2,
  kHistogram = 3,
  kGaugeHistogram = 4,
  kSummary = 5,
  kInfo = 6,
  kStateSet = 7,
};

// "counter", "gauge" and so on, as the Prometheus API names them.
std::string_view MetricTypeName(MetricType type);

// What a metric's source says about it; not part of its identity.
struct MetricMetadata {
  MetricType type = MetricType::kUnknown;
  std::string unit;
  std::string help;
  friend bool operator==(const MetricMetadata&, const MetricMetadata&) = default;
};

}  // namespace vigil::storage
