// SPDX-License-Identifier: Apache-2.0
#include "query/exec/histogram/classic_buckets.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "query/exec/histogram/histogram_statistics.h"

namespace vigil::exec {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Differences below this share of the counts are rounding errors.
constexpr double kRoundingTolerance = 1e-12;

void MergeEqualBounds(ClassicBuckets* buckets) {
  size_t last = 0;
  for (size_t i = 1; i < buckets->size(); ++i) {
    if ((*buckets)[i].upper_bound == (*buckets)[last].upper_bound) {
      (*buckets)[last].cumulative_count += (*buckets)[i].cumulative_count;
    } else {
      (*buckets)[++last] = (*buckets)[i];
    }
  }
  buckets->resize(last + 1);
}

bool NearlySame(double a, double b) {
  if (a == b) return true;
  return std::fabs(a - b) / std::fabs(a + b) < kRoundingTolerance;
}

void MakeMonotonic(ClassicBuckets* buckets, MonotonicityFix* fix) {
  double previous = buckets->front().cumulative_count;
  for (size_t i = 1; i < buckets->size(); ++i) {
    ClassicBucket& bucket = (*buckets)[i];
    const double count = bucket.cumulative_count;
    if (NearlySame(count, previous)) {
      bucket.cumulative_count = previous;
    } else if (count < previous) {
      if (!fix->fixed) fix->lowest_bound = bucket.upper_bound;
      fix->fixed = true;
      fix->highest_bound = bucket.upper_bound;
      fix->max_difference = std::max(fix->max_difference, previous - count);
      bucket.cumulative_count = previous;
    } else {
      previous = count;
    }
  }
}

}  // namespace

double ClassicQuantile(double quantile, ClassicBuckets* buckets, MonotonicityFix* fix) {
  if (std::isnan(quantile)) return kNan;
  if (quantile < 0) return -kInfinity;
  if (quantile > 1) return kInfinity;
  if (buckets->empty() || buckets->back().upper_bound != kInfinity) return kNan;
  MergeEqualBounds(buckets);
  MonotonicityFix made;
  MakeMonotonic(buckets, &made);
  const double total = buckets->back().cumulative_count;
  if (buckets->size() < 2 || total == 0) return kNan;
  *fix = made;
  const double rank = quantile * total;
  const size_t last = buckets->size() - 1;
  size_t found = 0;
  // A count that is NaN reaches no rank.
  while (found < last && !((*buckets)[found].cumulative_count >= rank)) ++found;
  if (found == last) return (*buckets)[last - 1].upper_bound;
  const ClassicBucket& bucket = (*buckets)[found];
  if (found == 0 && bucket.upper_bound <= 0) return bucket.upper_bound;
  const ClassicBucket before = found > 0 ? (*buckets)[found - 1] : ClassicBucket{0, 0};
  const double share =
      (rank - before.cumulative_count) / (bucket.cumulative_count - before.cumulative_count);
  return before.upper_bound + (bucket.upper_bound - before.upper_bound) * share;
}

double ClassicFraction(double lower, double upper, ClassicBuckets* buckets) {
  if (buckets->empty() || buckets->back().upper_bound != kInfinity) return kNan;
  MergeEqualBounds(buckets);
  const double total = buckets->back().cumulative_count;
  if (total == 0 || std::isnan(total) || std::isnan(lower) || std::isnan(upper)) return kNan;
  if (lower >= upper) return 0;
  std::vector<Bucket> parts;
  double below = 0;
  double bound = buckets->front().upper_bound > 0 ? 0 : -kInfinity;
  for (const ClassicBucket& bucket : *buckets) {
    parts.push_back(
        {bound, bucket.upper_bound, bucket.cumulative_count - below, Bucket::Part::kCustom});
    bound = bucket.upper_bound;
    below = bucket.cumulative_count;
  }
  return (RankOf(parts, upper, total) - RankOf(parts, lower, total)) / total;
}

}  // namespace vigil::exec
