// SPDX-License-Identifier: Apache-2.0
//
// What can be told of the observations behind buckets: quantiles, fractions, variance.
#pragma once

#include <vector>

#include "query/exec/histogram/histogram_buckets.h"
#include "storage/model/histogram.h"

namespace vigil::exec {

// The share of the observations of a bucket below `value`. Requires: the ends are finite and
// `value` lies between them.
double ShareBelow(const Bucket& bucket, double value);

// Where the observations of a bucket are taken to be: the middle, geometric unless it is linear;
// the finite end of a bucket that has only one.
double Midpoint(const Bucket& bucket);

// How many observations of ascending buckets are below `value`: all of the `total` behind the last
// bucket, and never more. Inside a bucket without an end nothing is interpolated.
double RankOf(const std::vector<Bucket>& buckets, double value, double total);

// An answer, and whether it is another one than it looks, because some observations were NaN and
// are in no bucket.
struct Estimate {
  double value = 0;
  bool spoilt_by_nan = false;
};

// NaN for an empty histogram, for a NaN quantile and for one that falls among NaN observations.
Estimate HistogramQuantile(double quantile, const storage::Histogram& histogram);
Estimate HistogramFraction(double lower, double upper, const storage::Histogram& histogram);
double HistogramVariance(const storage::Histogram& histogram);

}  // namespace vigil::exec
