// SPDX-License-Identifier: Apache-2.0
//
// The data points of delta temporality of metrics_walk.h, checked and resolved already: set aside
// for delta_accumulator.h.
#include <memory>
#include <utility>

#include "collector/otlp/metrics_walk.h"

namespace vigil::collector {

DeltaPoint MetricsWalk::MakeDelta(storage::SeriesRef stream) const {
  DeltaPoint delta;
  delta.stream = stream;
  delta.time_ns = point_.time_ns;
  delta.start_ns = point_.start_ns;
  delta.stale = point_.stale;
  delta.metric = metric_.name;
  return delta;
}

void MetricsWalk::TakeDeltaNumber(storage::SeriesRef series) {
  DeltaPoint delta = MakeDelta(series);
  delta.value = point_.value;
  delta.monotonic = metric_.monotonic;
  deltas_.push_back(std::move(delta));
}

void MetricsWalk::TakeDeltaHistogram(const SeriesFamily& series) {
  // Points with other bounds have other buckets, but the same count.
  DeltaPoint delta = MakeDelta(series.back());
  delta.buckets = std::make_unique<BucketDelta>();
  BucketDelta& buckets = *delta.buckets;
  buckets.series = series;
  buckets.below.reserve(point_.bounds.size());
  double below = 0;
  for (size_t i = 0; i < point_.bounds.size(); ++i) {
    below += point_.values[i];
    buckets.below.push_back(below);
  }
  buckets.count = point_.count;
  buckets.sum = point_.sum;
  buckets.has_sum = point_.has_sum;
  deltas_.push_back(std::move(delta));
}

void MetricsWalk::TakeDeltaNative(storage::SeriesRef series, storage::Histogram histogram) {
  DeltaPoint delta = MakeDelta(series);
  delta.native = std::make_shared<const storage::Histogram>(std::move(histogram));
  deltas_.push_back(std::move(delta));
}

}  // namespace vigil::collector
