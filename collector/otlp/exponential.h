// SPDX-License-Identifier: Apache-2.0
//
// OTLP exponential histograms as native histograms. Both have buckets that grow by 2^(2^-scale);
// they differ in that a native bucket's index names its upper bound, OTLP's its lower.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/model/histogram.h"

namespace vigil::collector {

// Buckets of one sign that a point may have; OpenTelemetry's SDKs make 160.
inline constexpr size_t kMaxExponentialBuckets = 1 << 16;

struct ExponentialPoint {
  int32_t scale = 0;
  double count = 0;
  double sum = 0;
  double zero_count = 0;
  double zero_threshold = 0;
  int32_t positive_offset = 0;
  int32_t negative_offset = 0;
  // Counts of consecutive buckets from the offset on.
  std::vector<double> positive_counts;
  std::vector<double> negative_counts;
};

// Scales above 8 are merged down to 8. InvalidArgument for a scale below -4, which native
// histograms do not have, for too many buckets and for such beyond the range of an index or, if
// they are populated, of doubles.
absl::StatusOr<storage::Histogram> ToNativeHistogram(const ExponentialPoint& point);

// Adds the observations of `delta` to `*total`. The result has the coarser of the two schemas, or a
// coarser one if there are very many buckets, and the wider of the two zero buckets, raised to the
// upper bound of a populated bucket that it would cut through. Requires: both are exponential,
// or have the same custom bounds.
void AddHistogram(const storage::Histogram& delta, storage::Histogram* total);

}  // namespace vigil::collector
