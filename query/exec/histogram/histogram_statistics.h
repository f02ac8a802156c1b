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

// How many observations of ascending buckets are below `value`. Inside a bucket without an end
// nothing is interpolated.
double RankOf(const std::vector<Bucket>& buckets, double value);

// Whether some observations are in no bucket because they were NaN.
bool HasNanObservations(const storage::Histogram& histogram);

// NaN for an empty histogram, for a NaN quantile and for one that falls among NaN observations.
double HistogramQuantile(double quantile, const storage::Histogram& histogram);
double HistogramFraction(double lower, double upper, const storage::Histogram& histogram);
double HistogramVariance(const storage::Histogram& histogram);

}  // namespace vigil::exec
