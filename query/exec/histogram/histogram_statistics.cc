// SPDX-License-Identifier: Apache-2.0
#include "query/exec/histogram/histogram_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

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

// Observations that are in buckets. The others were NaN if the sum is.
double CountInBuckets(const std::vector<Bucket>& buckets) {
  double count = 0;
  for (const Bucket& bucket : buckets) count += bucket.count;
  return count;
}

Estimate::Nan SkewOf(const Histogram& histogram, const std::vector<Bucket>& buckets) {
  const bool some = std::isnan(histogram.sum) && CountInBuckets(buckets) < histogram.count;
  return some ? Estimate::Nan::kSkewed : Estimate::Nan::kNone;
}

// A custom bucket that has no end where one is needed: its finite end stands for all of it.
std::optional<double> OnlyEnd(const Bucket& bucket) {
  if (bucket.part != Bucket::Part::kCustom) return std::nullopt;
  if (bucket.lower == -kInfinity && bucket.upper <= 0) return bucket.upper;
  if (bucket.upper == kInfinity) return bucket.lower == -kInfinity ? 0 : bucket.lower;
  return std::nullopt;
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

double RankOf(const std::vector<Bucket>& buckets, double value, double total) {
  double rank = 0;
  for (const Bucket& bucket : buckets) {
    if (bucket.lower >= value) return std::min(rank, total);
    if (bucket.upper > value) {
      if (bucket.lower == -kInfinity) {
        rank += bucket.count;
      } else if (bucket.upper != kInfinity) {
        rank += bucket.count * ShareBelow(bucket, value);
      }
      return std::min(rank, total);
    }
    rank += bucket.count;
  }
  return total;
}

Estimate HistogramQuantile(double quantile, const Histogram& histogram) {
  if (std::isnan(quantile)) return {kNan};
  if (quantile < 0) return {-kInfinity};
  if (quantile > 1) return {kInfinity};
  if (histogram.count == 0 || std::isnan(histogram.count)) return {kNan};
  std::vector<Bucket> buckets = BucketsOf(histogram, ZeroBucket::kNarrow);
  // From the nearer end, so that less rounding adds up. NaN observations are above all buckets:
  // they spoil counting from the top.
  const bool upward = quantile < 0.5 || std::isnan(histogram.sum);
  const double rank = (upward ? quantile : 1 - quantile) * histogram.count;
  if (!upward) std::reverse(buckets.begin(), buckets.end());
  double cumulated = 0;
  Bucket found;
  for (const Bucket& bucket : buckets) {
    found = bucket;
    cumulated += bucket.count;
    if (cumulated >= rank) break;
  }
  if (const std::optional<double> end = OnlyEnd(found)) return {*end};
  if (found.lower == -kInfinity) found.lower = 0;
  cumulated = std::min(cumulated, histogram.count);
  if (cumulated < rank) {
    // Counts that do not add up to the whole, as those of a difference may not, end where the last
    // bucket ends.
    return std::isnan(histogram.sum) ? Estimate{kNan, Estimate::Nan::kAnswer}
                                     : Estimate{found.upper};
  }
  const double in_bucket = upward ? rank - (cumulated - found.count) : cumulated - rank;
  return {ValueAt(found, in_bucket / found.count), SkewOf(histogram, buckets)};
}

Estimate HistogramFraction(double lower, double upper, const Histogram& histogram) {
  if (histogram.count == 0 || std::isnan(lower) || std::isnan(upper)) return {kNan};
  if (lower >= upper) return {0};
  std::vector<Bucket> buckets = BucketsOf(histogram, ZeroBucket::kNarrow);
  if (!buckets.empty() && buckets[0].lower == -kInfinity && buckets[0].upper > 0 &&
      buckets[0].part == Bucket::Part::kCustom) {
    buckets[0].lower = 0;
  }
  const double in_buckets = std::isnan(histogram.sum) ? CountInBuckets(buckets) : histogram.count;
  const double between = RankOf(buckets, upper, in_buckets) - RankOf(buckets, lower, in_buckets);
  return {between / histogram.count, SkewOf(histogram, buckets)};
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
