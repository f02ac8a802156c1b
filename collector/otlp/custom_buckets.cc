// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/custom_buckets.h"

#include <limits>

#include "collector/otlp/span_builder.h"

namespace vigil::collector {

storage::Histogram ToCustomHistogram(const std::vector<double>& bounds,
                                     const std::vector<double>& counts, double count, double sum) {
  storage::Histogram histogram;
  histogram.schema = storage::kCustomBucketsSchema;
  histogram.count = count;
  histogram.sum = sum;
  histogram.custom_bounds = bounds;
  // The bucket up to +Inf is there without a bound.
  const bool ends_at_infinity =
      !bounds.empty() && bounds.back() == std::numeric_limits<double>::infinity();
  if (ends_at_infinity) histogram.custom_bounds.pop_back();
  SpanBuilder builder(&histogram.positive_spans, &histogram.positive_counts);
  if (counts.empty()) builder.Add(0, count);
  const size_t last = histogram.custom_bounds.size();
  for (size_t i = 0; i < counts.size(); ++i) {
    builder.Add(static_cast<int64_t>(i < last ? i : last), counts[i]);
  }
  return histogram;
}

}  // namespace vigil::collector
