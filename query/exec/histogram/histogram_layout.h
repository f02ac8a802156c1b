// SPDX-License-Identifier: Apache-2.0
//
// The bucket layout of a native histogram in a form that can be changed: to a lower schema, a wider
// zero bucket, fewer custom bounds. Two histograms are combined once their layouts are the same.
#pragma once

#include <vector>

#include "query/exec/histogram/histogram_buckets.h"
#include "storage/model/histogram.h"

namespace vigil::exec {

struct HistogramLayout {
  explicit HistogramLayout(const storage::Histogram& histogram);

  // Writes everything but count, sum and hint.
  void StoreTo(storage::Histogram* histogram) const;

  // Requires: exponential; `target` is not above `schema`.
  void LowerSchema(int8_t target);
  // Takes the buckets up to `threshold` into the zero bucket. If it lies inside a bucket with
  // observations, the zero bucket ends where that bucket does. Requires: exponential.
  void WidenZero(double threshold);
  // Requires: custom buckets; `bounds` are among custom_bounds.
  void KeepBounds(const std::vector<double>& bounds);

  int8_t schema;
  double zero_threshold;
  double zero_count;
  IndexedCounts positive;
  IndexedCounts negative;
  std::vector<double> custom_bounds;
};

// Brings both to one layout; true if that dropped custom bounds. Requires: both exponential or both
// custom.
bool Reconcile(HistogramLayout* a, HistogramLayout* b);

}  // namespace vigil::exec
