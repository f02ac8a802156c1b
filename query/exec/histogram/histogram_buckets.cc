// SPDX-License-Identifier: Apache-2.0
#include "query/exec/histogram/histogram_buckets.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/strings.h"

namespace vigil::exec {
namespace {

using storage::BucketSpan;
using storage::Histogram;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// 2^exponent; the largest finite double stands for 2^1024, so that the bucket with the largest
// double ends there and the next one, for infinities, goes from there to infinity.
double PowerOfTwo(double fraction, int64_t exponent) {
  constexpr int64_t kOverflow = 1024;
  if (fraction == 1 && exponent == kOverflow) return std::numeric_limits<double>::max();
  constexpr int64_t kBeyondAnyDouble = 5000;
  const int64_t clamped = std::clamp(exponent, -kBeyondAnyDouble, kBeyondAnyDouble);
  return std::ldexp(fraction, static_cast<int>(clamped));
}

Bucket CustomBucketAt(const Histogram& histogram, IndexedCount bucket) {
  const std::vector<double>& bounds = histogram.custom_bounds;
  const auto size = static_cast<int64_t>(bounds.size());
  const int64_t index = bucket.index;
  Bucket result{-kInfinity, kInfinity, bucket.count, Bucket::Part::kCustom};
  if (index > 0 && index <= size) result.lower = bounds[static_cast<size_t>(index - 1)];
  if (index > size && size > 0) result.lower = bounds.back();
  if (index >= 0 && index < size) result.upper = bounds[static_cast<size_t>(index)];
  return result;
}

void AppendBuckets(const Histogram& histogram, const IndexedCounts& counts, Bucket::Part part,
                   std::vector<Bucket>* buckets) {
  for (const IndexedCount& bucket : counts) {
    if (bucket.count != 0) buckets->push_back(BucketAt(histogram, bucket, part));
  }
}

}  // namespace

IndexedCounts Unpack(const std::vector<BucketSpan>& spans, const std::vector<double>& counts) {
  IndexedCounts buckets;
  buckets.reserve(counts.size());
  int64_t index = 0;
  for (const BucketSpan& span : spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length; ++i, ++index) {
      const bool in_range = index >= std::numeric_limits<int32_t>::min() &&
                            index <= std::numeric_limits<int32_t>::max();
      if (!in_range || buckets.size() == counts.size()) return buckets;
      buckets.push_back({static_cast<int32_t>(index), counts[buckets.size()]});
    }
  }
  return buckets;
}

void Pack(const IndexedCounts& buckets, std::vector<BucketSpan>* spans,
          std::vector<double>* counts) {
  spans->clear();
  counts->clear();
  int64_t next = 0;  // The index behind the last one packed.
  for (const IndexedCount& bucket : buckets) {
    if (bucket.count == 0) continue;
    if (spans->empty() || bucket.index != next) {
      spans->push_back({static_cast<int32_t>(bucket.index - next), 0});
    }
    ++spans->back().length;
    counts->push_back(bucket.count);
    next = int64_t{bucket.index} + 1;
  }
}

int32_t IndexAtLowerSchema(int32_t index, int levels) {
  // More levels than an index has bits change nothing; schemas beyond the known ones ask for them.
  levels = std::min(levels, std::numeric_limits<int32_t>::digits);
  return static_cast<int32_t>(((int64_t{index} - 1) >> levels) + 1);
}

double ExponentialBound(int schema, int64_t index) {
  schema = std::clamp<int>(schema, storage::kMinExponentialSchema, storage::kMaxExponentialSchema);
  if (schema <= 0) return PowerOfTwo(1, index * (int64_t{1} << -schema));
  const int64_t per_octave = int64_t{1} << schema;
  const int64_t rest = index & (per_octave - 1);
  const double fraction = std::exp2(static_cast<double>(rest) / static_cast<double>(per_octave));
  return PowerOfTwo(fraction, index >> schema);
}

Bucket BucketAt(const Histogram& histogram, IndexedCount bucket, Bucket::Part part) {
  if (part == Bucket::Part::kCustom) return CustomBucketAt(histogram, bucket);
  const double outer = ExponentialBound(histogram.schema, bucket.index);
  const double inner = ExponentialBound(histogram.schema, int64_t{bucket.index} - 1);
  if (part == Bucket::Part::kNegative) return {-outer, -inner, bucket.count, part};
  return {inner, outer, bucket.count, part};
}

Bucket NarrowZeroBucket(const Histogram& histogram) {
  Bucket zero{-histogram.zero_threshold, histogram.zero_threshold, histogram.zero_count,
              Bucket::Part::kZero};
  const bool has_negative = !histogram.negative_counts.empty();
  const bool has_positive = !histogram.positive_counts.empty();
  if (has_positive && !has_negative) zero.lower = 0;
  if (has_negative && !has_positive) zero.upper = 0;
  return zero;
}

std::vector<Bucket> BucketsOf(const Histogram& histogram, ZeroBucket zero) {
  std::vector<Bucket> buckets;
  const IndexedCounts positive = Unpack(histogram.positive_spans, histogram.positive_counts);
  if (histogram.UsesCustomBuckets()) {
    AppendBuckets(histogram, positive, Bucket::Part::kCustom, &buckets);
    return buckets;
  }
  IndexedCounts negative = Unpack(histogram.negative_spans, histogram.negative_counts);
  std::reverse(negative.begin(), negative.end());
  AppendBuckets(histogram, negative, Bucket::Part::kNegative, &buckets);
  if (histogram.zero_count != 0) {
    buckets.push_back(NarrowZeroBucket(histogram));
    if (zero == ZeroBucket::kWhole) {
      buckets.back().lower = -histogram.zero_threshold;
      buckets.back().upper = histogram.zero_threshold;
    }
  }
  AppendBuckets(histogram, positive, Bucket::Part::kPositive, &buckets);
  return buckets;
}

std::string HistogramText(const Histogram& histogram) {
  std::string text =
      fmt::format("{{count:{}, sum:{}", FormatValue(histogram.count), FormatValue(histogram.sum));
  for (const Bucket& bucket : BucketsOf(histogram, ZeroBucket::kWhole)) {
    const bool closed_lower =
        bucket.part == Bucket::Part::kNegative || bucket.part == Bucket::Part::kZero;
    const bool closed_upper = bucket.part != Bucket::Part::kNegative;
    text +=
        fmt::format(", {}{},{}{}:{}", closed_lower ? '[' : '(', FormatValue(bucket.lower),
                    FormatValue(bucket.upper), closed_upper ? ']' : ')', FormatValue(bucket.count));
  }
  return text + '}';
}

}  // namespace vigil::exec
