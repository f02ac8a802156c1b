// SPDX-License-Identifier: Apache-2.0
//
// The buckets of native histograms, out of their packed form: as counts by index for arithmetic, as
// intervals for statistics.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/model/histogram.h"

namespace vigil::exec {

struct IndexedCount {
  int32_t index;
  double count;
};
using IndexedCounts = std::vector<IndexedCount>;  // Indexes ascend strictly.

// Spans that promise more buckets than there are counts, or indexes beyond int32, are cut off.
IndexedCounts Unpack(const std::vector<storage::BucketSpan>& spans,
                     const std::vector<double>& counts);
// Leaves out buckets with no observations.
void Pack(const IndexedCounts& buckets, std::vector<storage::BucketSpan>* spans,
          std::vector<double>* counts);

// The index that holds bucket `index` after lowering the schema by `levels`. Requires: levels >= 0.
int32_t IndexAtLowerSchema(int32_t index, int levels);

// The upper bound of a positive exponential bucket.
double ExponentialBound(int schema, int64_t index);

// A bucket as the interval (lower, upper], whichever ends it includes.
struct Bucket {
  enum class Part : uint8_t { kNegative, kZero, kPositive, kCustom };
  double lower = 0;
  double upper = 0;
  double count = 0;
  Part part = Part::kPositive;

  // Whether observations are taken to lie evenly, not evenly in their logarithm.
  bool IsLinear() const { return part == Part::kZero || part == Part::kCustom; }
};

// The bucket of an index; `part` says where. Requires: part is not kZero.
Bucket BucketAt(const storage::Histogram& histogram, IndexedCount bucket, Bucket::Part part);
// The zero bucket, with 0 as its end on a side that has no buckets while the other one has.
Bucket NarrowZeroBucket(const storage::Histogram& histogram);

// Which ends belong to the bucket, as the Prometheus API numbers it: 0 the upper one, 1 the lower
// one, 3 both.
uint32_t BoundariesOf(const Bucket& bucket);

// All buckets with observations, ascending; a zero bucket with less than none, as a difference may
// have, is left out, others are not. The zero bucket is narrowed when asked for; one that reaches
// into the zero bucket begins where that ends.
enum class ZeroBucket { kWhole, kNarrow };
std::vector<Bucket> BucketsOf(const storage::Histogram& histogram, ZeroBucket zero);

// A number as texts of histograms and warnings show it: with an exponent from a million on.
std::string ShortText(double value);

// `{count:4, sum:3, [-2,-1):1, (1,2]:3}`.
std::string HistogramText(const storage::Histogram& histogram);

}  // namespace vigil::exec
