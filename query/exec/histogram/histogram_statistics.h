// SPDX-License-Identifier: Apache-2.0
//
// What can be told of the observations behind buckets: quantiles, fractions, variance.
#pragma once

#include <cstdint>
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

// An answer, and what observations of NaN, which are in no bucket, made of it: another one than it
// would be among the others, or NaN too.
struct Estimate {
  enum class Nan : uint8_t { kNone, kSkewed, kAnswer };
  double value = 0;
  Nan nan = Nan::kNone;
};

// NaN for an empty histogram, for a NaN quantile and for one that falls among NaN observations.
Estimate HistogramQuantile(double quantile, const storage::Histogram& histogram);
Estimate HistogramFraction(double lower, double upper, const storage::Histogram& histogram);
double HistogramVariance(const storage::Histogram& histogram);

}  // namespace vigil::exec
