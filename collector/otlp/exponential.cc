// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/exponential.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "collector/otlp/span_builder.h"

namespace vigil::collector {
namespace {

using storage::BucketSpan;

// The zero threshold of histograms that name none: OpenTelemetry's default for native histograms.
constexpr double kDefaultZeroThreshold = 1e-128;
// Doubles lie between these powers of two; a bucket further off by one is what producers round to.
constexpr int64_t kMaxExponent = 1024;
constexpr int64_t kMinExponent = -1075;

// Whether the bucket at this native index has a double in it.
bool HoldsDoubles(int64_t index, int schema) {
  const auto at_schema = [schema](int64_t exponent) {
    return schema >= 0 ? exponent * (int64_t{1} << schema) : exponent >> -schema;
  };
  return index - 1 <= at_schema(kMaxExponent) && index + 1 >= at_schema(kMinExponent);
}

absl::Status AddBuckets(int32_t offset, const std::vector<double>& from, int schema, int shift,
                        std::vector<BucketSpan>* spans, std::vector<double>* counts) {
  if (from.size() > kMaxExponentialBuckets) {
    return absl::InvalidArgumentError(fmt::format(
        "exponential histogram has more than {} buckets of one sign", kMaxExponentialBuckets));
  }
  if (int64_t{offset} + static_cast<int64_t>(from.size()) >= std::numeric_limits<int32_t>::max()) {
    return absl::InvalidArgumentError(
        fmt::format("exponential histogram has buckets beyond index 2^31 (offset {})", offset));
  }
  SpanBuilder builder(spans, counts);
  for (size_t i = 0; i < from.size(); ++i) {
    const int64_t index = ((int64_t{offset} + static_cast<int64_t>(i)) >> shift) + 1;
    if (from[i] != 0 && !HoldsDoubles(index, schema)) {
      return absl::InvalidArgumentError(
          "exponential histogram counts values that are beyond the range of doubles");
    }
    builder.Add(index, from[i]);
  }
  return absl::OkStatus();
}

// Buckets of one sign in ascending order of index.
struct Bucket {
  int64_t index;
  double count;
};
using Buckets = std::vector<Bucket>;

// The buckets at a schema that is `shift` lower.
Buckets Expand(const std::vector<BucketSpan>& spans, const std::vector<double>& counts, int shift) {
  Buckets buckets;
  int64_t index = 0;
  size_t at = 0;
  for (const BucketSpan& span : spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length; ++i, ++index) {
      const int64_t merged = ((index - 1) >> shift) + 1;
      if (buckets.empty() || buckets.back().index != merged) buckets.push_back({merged, 0});
      buckets.back().count += counts[at++];
    }
  }
  return buckets;
}

// A histogram between its spans and the schema and zero bucket that a sum of two has.
struct Expanded {
  Buckets positive;
  Buckets negative;
  double zero_count;
};

Expanded Expand(const storage::Histogram& histogram, int schema) {
  const int shift = histogram.schema - schema;
  return {Expand(histogram.positive_spans, histogram.positive_counts, shift),
          Expand(histogram.negative_spans, histogram.negative_counts, shift), histogram.zero_count};
}

double UpperBound(int64_t index, int schema) {
  return std::exp2(std::ldexp(static_cast<double>(index), -schema));
}

// `threshold`, raised where it would cut through a populated bucket.
double RaisedThreshold(double threshold, int schema, const Buckets& buckets) {
  for (const Bucket& bucket : buckets) {
    if (UpperBound(bucket.index - 1, schema) >= threshold) break;
    if (bucket.count != 0) threshold = std::max(threshold, UpperBound(bucket.index, schema));
  }
  return threshold;
}

// Moves the buckets that lie within `threshold` into the zero bucket.
void Absorb(double threshold, int schema, Buckets* buckets, double* zero_count) {
  auto end = buckets->begin();
  for (; end != buckets->end() && UpperBound(end->index, schema) <= threshold; ++end) {
    *zero_count += end->count;
  }
  buckets->erase(buckets->begin(), end);
}

// Gives both the same zero bucket; returns its threshold.
double Widen(double threshold, int schema, Expanded* a, Expanded* b) {
  // Raised by one bucket, it may cut through another.
  for (double before = 0; before != threshold;) {
    before = threshold;
    for (const Buckets* buckets : {&a->positive, &a->negative, &b->positive, &b->negative}) {
      threshold = RaisedThreshold(threshold, schema, *buckets);
    }
  }
  for (Expanded* one : {a, b}) {
    Absorb(threshold, schema, &one->positive, &one->zero_count);
    Absorb(threshold, schema, &one->negative, &one->zero_count);
  }
  return threshold;
}

// What AddHistogram goes to a coarser schema beyond: increments that wander would make ever more.
constexpr size_t kMaxSumBuckets = 4096;

void WriteSum(const Buckets& a, const Buckets& b, std::vector<BucketSpan>* spans,
              std::vector<double>* counts) {
  Buckets both;
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both),
             [](const Bucket& x, const Bucket& y) { return x.index < y.index; });
  spans->clear();
  counts->clear();
  SpanBuilder builder(spans, counts);
  for (const Bucket& bucket : both) builder.Add(bucket.index, bucket.count);
}

}  // namespace

void AddHistogram(const storage::Histogram& delta, storage::Histogram* total) {
  int schema = std::min(delta.schema, total->schema);
  Expanded added = Expand(delta, schema);
  Expanded sum = Expand(*total, schema);
  while (schema > storage::kMinExponentialSchema &&
         (added.positive.size() + sum.positive.size() > kMaxSumBuckets ||
          added.negative.size() + sum.negative.size() > kMaxSumBuckets)) {
    --schema;
    added = Expand(delta, schema);
    sum = Expand(*total, schema);
  }
  if (delta.zero_threshold != total->zero_threshold) {
    total->zero_threshold =
        Widen(std::max(delta.zero_threshold, total->zero_threshold), schema, &added, &sum);
  }
  total->schema = static_cast<int8_t>(schema);
  total->zero_count = sum.zero_count + added.zero_count;
  total->count += delta.count;
  total->sum += delta.sum;
  WriteSum(sum.positive, added.positive, &total->positive_spans, &total->positive_counts);
  WriteSum(sum.negative, added.negative, &total->negative_spans, &total->negative_counts);
}

absl::StatusOr<storage::Histogram> ToNativeHistogram(const ExponentialPoint& point) {
  if (point.scale < storage::kMinExponentialSchema) {
    return absl::InvalidArgumentError(
        fmt::format("exponential histogram has scale {}, the lowest is {}", point.scale,
                    storage::kMinExponentialSchema));
  }
  const int shift =
      std::clamp<int64_t>(int64_t{point.scale} - storage::kMaxExponentialSchema, 0, 62);
  storage::Histogram histogram;
  histogram.schema =
      static_cast<int8_t>(std::min<int32_t>(point.scale, storage::kMaxExponentialSchema));
  histogram.count = point.count;
  histogram.sum = point.sum;
  histogram.zero_count = point.zero_count;
  histogram.zero_threshold =
      point.zero_threshold > 0 ? point.zero_threshold : kDefaultZeroThreshold;
  VIGIL_RETURN_IF_ERROR(AddBuckets(point.positive_offset, point.positive_counts, histogram.schema,
                                   shift, &histogram.positive_spans, &histogram.positive_counts));
  VIGIL_RETURN_IF_ERROR(AddBuckets(point.negative_offset, point.negative_counts, histogram.schema,
                                   shift, &histogram.negative_spans, &histogram.negative_counts));
  return histogram;
}

}  // namespace vigil::collector
