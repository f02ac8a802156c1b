// SPDX-License-Identifier: Apache-2.0
//
// Quantiles and fractions of classic histograms: cumulative counts by upper bound.
#pragma once

#include <vector>

namespace vigil::exec {

struct ClassicBucket {
  double upper_bound;
  double cumulative_count;
};
// Sorted by upper bound.
using ClassicBuckets = std::vector<ClassicBucket>;

// How counts had to be raised so that they do not fall from one bucket to the next.
struct MonotonicityFix {
  bool fixed = false;
  double lowest_bound = 0;
  double highest_bound = 0;
  double max_difference = 0;
};

// NaN unless the last bucket is +Inf and there are two and observations. Merges equal bounds and
// fixes counts in place, which is told if it made a difference to the answer.
double ClassicQuantile(double quantile, ClassicBuckets* buckets, MonotonicityFix* fix);

double ClassicFraction(double lower, double upper, ClassicBuckets* buckets);

}  // namespace vigil::exec
