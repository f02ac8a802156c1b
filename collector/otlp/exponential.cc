// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/exponential.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/status.h"

namespace vigil::collector {
namespace {

using storage::BucketSpan;

// The zero threshold of histograms that name none: OpenTelemetry's default for native histograms.
constexpr double kDefaultZeroThreshold = 1e-128;
// A gap this short is cheaper as empty buckets than as a new span.
constexpr int64_t kMaxFilledGap = 2;

// Adds buckets in ascending order of index and keeps them as spans.
class SpanBuilder {
 public:
  SpanBuilder(std::vector<BucketSpan>* spans, std::vector<double>* counts)
      : spans_(*spans), counts_(*counts) {}

  void Add(int64_t index, double count) {
    if (count == 0) return;
    if (!spans_.empty() && index == last_) {
      counts_.back() += count;
      return;
    }
    const int64_t gap = spans_.empty() ? index : index - last_ - 1;
    if (spans_.empty() || gap > kMaxFilledGap) {
      spans_.push_back({static_cast<int32_t>(gap), 0});
    } else {
      counts_.insert(counts_.end(), gap, 0);
      spans_.back().length += static_cast<uint32_t>(gap);
    }
    counts_.push_back(count);
    ++spans_.back().length;
    last_ = index;
  }

 private:
  std::vector<BucketSpan>& spans_;
  std::vector<double>& counts_;
  int64_t last_ = 0;
};

absl::Status AddBuckets(int32_t offset, const std::vector<double>& from, int shift,
                        std::vector<BucketSpan>* spans, std::vector<double>* counts) {
  if (from.size() > kMaxExponentialBuckets) {
    return absl::InvalidArgumentError(fmt::format(
        "exponential histogram has more than {} buckets of one sign", kMaxExponentialBuckets));
  }
  if (int64_t{offset} + static_cast<int64_t>(from.size()) >= std::numeric_limits<int32_t>::max()) {
    return absl::InvalidArgumentError(
        fmt::format("exponential histogram has buckets beyond index 2^31 (offset {})", offset));
  }
  SpanBuilder builder(spans, counts);
  for (size_t i = 0; i < from.size(); ++i) {
    builder.Add(((int64_t{offset} + static_cast<int64_t>(i)) >> shift) + 1, from[i]);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<storage::Histogram> ToNativeHistogram(const ExponentialPoint& point) {
  if (point.scale < storage::kMinExponentialSchema) {
    return absl::InvalidArgumentError(
        fmt::format("exponential histogram has scale {}, the lowest is {}", point.scale,
                    storage::kMinExponentialSchema));
  }
  const int shift =
      std::clamp<int64_t>(int64_t{point.scale} - storage::kMaxExponentialSchema, 0, 62);
  storage::Histogram histogram;
  histogram.schema =
      static_cast<int8_t>(std::min<int32_t>(point.scale, storage::kMaxExponentialSchema));
  histogram.count = point.count;
  histogram.sum = point.sum;
  histogram.zero_count = point.zero_count;
  histogram.zero_threshold =
      point.zero_threshold > 0 ? point.zero_threshold : kDefaultZeroThreshold;
  VIGIL_RETURN_IF_ERROR(AddBuckets(point.positive_offset, point.positive_counts, shift,
                                   &histogram.positive_spans, &histogram.positive_counts));
  VIGIL_RETURN_IF_ERROR(AddBuckets(point.negative_offset, point.negative_counts, shift,
                                   &histogram.negative_spans, &histogram.negative_counts));
  return histogram;
}

}  // namespace vigil::collector
