// SPDX-License-Identifier: Apache-2.0
#include "query/exec/histogram/histogram_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vigil::exec {
namespace {

using storage::Histogram;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The value below which `share` of the observations of a bucket lie.
double ValueAt(const Bucket& bucket, double share) {
  if (bucket.IsLinear()) return bucket.lower + (bucket.upper - bucket.lower) * share;
  const double lower = std::log2(std::fabs(bucket.lower));
  const double upper = std::log2(std::fabs(bucket.upper));
  const double magnitude = std::exp2(lower + (upper - lower) * share);
  return bucket.lower >= 0 && bucket.upper > 0 ? magnitude : -magnitude;
}

// The quantile within the bucket it was found in; `rank` counts from the bucket's lower end.
double QuantileIn(Bucket bucket, double rank) {
  if (bucket.part == Bucket::Part::kCustom) {
    if (bucket.lower == -kInfinity) {
      if (bucket.upper <= 0) return bucket.upper;
      bucket.lower = 0;
    }
    if (bucket.upper == kInfinity) return bucket.lower;
  }
  return ValueAt(bucket, rank / bucket.count);
}

}  // namespace

double ShareBelow(const Bucket& bucket, double value) {
  if (bucket.IsLinear()) return (value - bucket.lower) / (bucket.upper - bucket.lower);
  const double lower = std::log2(std::fabs(bucket.lower));
  const double upper = std::log2(std::fabs(bucket.upper));
  return (std::log2(std::fabs(value)) - lower) / (upper - lower);
}

double Midpoint(const Bucket& bucket) {
  if (bucket.part == Bucket::Part::kCustom) {
    if (bucket.lower == -kInfinity && bucket.upper > 0) return bucket.upper / 2;
    if (bucket.lower == -kInfinity) return bucket.upper;
    if (bucket.upper == kInfinity) return bucket.lower;
  }
  if (bucket.IsLinear()) return (bucket.lower + bucket.upper) / 2;
  const double middle = std::sqrt(std::fabs(bucket.lower)) * std::sqrt(std::fabs(bucket.upper));
  return bucket.upper > 0 ? middle : -middle;
}

double RankOf(const std::vector<Bucket>& buckets, double value) {
  double rank = 0;
  for (const Bucket& bucket : buckets) {
    if (bucket.lower >= value) return rank;
    if (bucket.upper > value) {
      if (bucket.lower == -kInfinity) return rank + bucket.count;
      if (bucket.upper == kInfinity) return rank;
      return rank + bucket.count * ShareBelow(bucket, value);
    }
    rank += bucket.count;
  }
  return rank;
}

bool HasNanObservations(const Histogram& histogram) {
  if (!std::isnan(histogram.sum)) return false;
  double in_buckets = 0;
  for (const Bucket& bucket : BucketsOf(histogram, ZeroBucket::kWhole)) in_buckets += bucket.count;
  return in_buckets < histogram.count;
}

double HistogramQuantile(double quantile, const Histogram& histogram) {
  if (std::isnan(quantile)) return kNan;
  if (quantile < 0) return -kInfinity;
  if (quantile > 1) return kInfinity;
  if (histogram.count == 0 || std::isnan(histogram.count)) return kNan;
  std::vector<Bucket> buckets = BucketsOf(histogram, ZeroBucket::kNarrow);
  // From the nearer end, so that less rounding adds up. NaN observations are above all buckets:
  // they spoil counting from the top.
  const bool upward = quantile < 0.5 || std::isnan(histogram.sum);
  const double rank = (upward ? quantile : 1 - quantile) * histogram.count;
  if (!upward) std::reverse(buckets.begin(), buckets.end());
  double cumulated = 0;
  const Bucket* found = nullptr;
  for (const Bucket& bucket : buckets) {
    found = &bucket;
    cumulated += bucket.count;
    if (cumulated >= rank) break;
  }
  if (found == nullptr) return kNan;
  cumulated = std::min(cumulated, histogram.count);
  if (cumulated < rank) return kNan;
  return QuantileIn(*found, upward ? rank - (cumulated - found->count) : cumulated - rank);
}

double HistogramFraction(double lower, double upper, const Histogram& histogram) {
  if (histogram.count == 0 || std::isnan(lower) || std::isnan(upper)) return kNan;
  if (lower >= upper) return 0;
  std::vector<Bucket> buckets = BucketsOf(histogram, ZeroBucket::kNarrow);
  if (!buckets.empty() && buckets[0].lower == -kInfinity && buckets[0].upper > 0 &&
      buckets[0].part == Bucket::Part::kCustom) {
    buckets[0].lower = 0;
  }
  return (RankOf(buckets, upper) - RankOf(buckets, lower)) / histogram.count;
}

double HistogramVariance(const Histogram& histogram) {
  const double mean = histogram.sum / histogram.count;
  double squares = 0;
  for (const Bucket& bucket : BucketsOf(histogram, ZeroBucket::kWhole)) {
    // In the lowest and the highest custom bucket observations may be anywhere.
    const bool custom = bucket.part == Bucket::Part::kCustom;
    const double middle = custom ? (bucket.lower + bucket.upper) / 2 : Midpoint(bucket);
    const double distance = middle - mean;
    squares += bucket.count * distance * distance;
  }
  return squares / histogram.count;
}

}  // namespace vigil::exec
