// SPDX-License-Identifier: Apache-2.0
#include "query/exec/histogram/histogram_trim.h"

#include <cmath>
#include <limits>

#include "query/exec/histogram/histogram_buckets.h"
#include "query/exec/histogram/histogram_layout.h"
#include "query/exec/histogram/histogram_statistics.h"

namespace vigil::exec {
namespace {

using storage::Histogram;

enum class Keep { kBelow, kAbove };

class Trimmer {
 public:
  Trimmer(const Histogram& histogram, double threshold, Keep keep)
      : histogram_(histogram), threshold_(threshold), keep_(keep) {}

  Histogram Run() {
    HistogramLayout layout(histogram_);
    const auto part =
        histogram_.UsesCustomBuckets() ? Bucket::Part::kCustom : Bucket::Part::kPositive;
    for (IndexedCount& bucket : layout.positive) {
      bucket.count = KeepPartOf(BucketAt(histogram_, bucket, part));
    }
    for (IndexedCount& bucket : layout.negative) {
      bucket.count = KeepPartOf(BucketAt(histogram_, bucket, Bucket::Part::kNegative));
    }
    if (layout.zero_count != 0) layout.zero_count = KeepPartOf(NarrowZeroBucket(histogram_));
    if (!trimmed_) return histogram_;
    Histogram result = histogram_;
    layout.StoreTo(&result);
    result.count = count_;
    result.sum = sum_;
    return result;
  }

 private:
  // The observations of the bucket that stay; they are added to the totals.
  double KeepPartOf(Bucket bucket) {
    const double all = bucket.count;
    if (all == 0) return 0;
    if (std::isinf(bucket.lower) && bucket.upper > 0) bucket.lower = 0;
    const bool below = bucket.upper <= threshold_;
    const bool above = bucket.lower >= threshold_;
    if (below || above) {
      const bool inside = keep_ == Keep::kBelow ? below : !below;
      bucket.count = inside ? all : 0;
    } else {
      Cut(&bucket);
    }
    if (bucket.count != all) trimmed_ = true;
    if (bucket.count == 0) return 0;
    count_ += bucket.count;
    sum_ += bucket.count * Midpoint(bucket);
    return bucket.count;
  }

  // Cuts a bucket that the threshold lies in. One without an end is kept or dropped as a whole.
  void Cut(Bucket* bucket) const {
    if (std::isinf(bucket->lower) || std::isinf(bucket->upper)) {
      const bool keeps = std::isinf(bucket->lower) == (keep_ == Keep::kBelow);
      if (!keeps) bucket->count = 0;
      return;
    }
    const double share_below = ShareBelow(*bucket, threshold_);
    if (keep_ == Keep::kBelow) {
      bucket->count *= share_below;
      bucket->upper = threshold_;
    } else {
      bucket->count *= 1 - share_below;
      bucket->lower = threshold_;
    }
  }

  const Histogram& histogram_;
  const double threshold_;
  const Keep keep_;
  bool trimmed_ = false;
  double count_ = 0;
  double sum_ = 0;
};

}  // namespace

Histogram TrimAbove(const Histogram& histogram, double threshold) {
  return Trimmer(histogram, threshold, Keep::kBelow).Run();
}

Histogram TrimBelow(const Histogram& histogram, double threshold) {
  return Trimmer(histogram, threshold, Keep::kAbove).Run();
}

}  // namespace vigil::exec
