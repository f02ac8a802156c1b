// SPDX-License-Identifier: Apache-2.0
#include "query/exec/histogram/histogram_buckets.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string_view>

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

// Prometheus has the bounds within an octave as a table of literals, some of which are a few units
// in the last place off. What it prints is to be what vigil prints, so here is for each 256th of an
// octave by how much: '1' stands for nothing, '0' for one up, '2' for one down and so on.
constexpr std::string_view kBoundCorrections =
    "1111112111211111112311222222222211211121122211221122102211221122"
    "1111112222332132112111211112111111121011213311221222112121332222"
    "2121223322322122222222323233323311221121223321332233212232332232"
    "2243223233433343333333444455435422322333324422333243223333543344";

// 2^(rest / per_octave). Requires: 0 <= rest < per_octave, which is a power of two.
double BoundInOctave(int64_t rest, int64_t per_octave) {
  const double exact = std::exp2(static_cast<double>(rest) / static_cast<double>(per_octave));
  const auto places = static_cast<int64_t>(kBoundCorrections.size());
  const char correction = kBoundCorrections[static_cast<size_t>(rest * (places / per_octave))];
  return std::bit_cast<double>(std::bit_cast<int64_t>(exact) - (correction - '1'));
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
  for (const IndexedCount& counted : counts) {
    if (counted.count == 0) continue;
    Bucket bucket = BucketAt(histogram, counted, part);
    // What lies within the zero threshold is in the zero bucket.
    const double threshold = histogram.zero_threshold;
    if (part == Bucket::Part::kPositive && bucket.lower < threshold) {
      bucket.lower = std::min(threshold, bucket.upper);
    } else if (part == Bucket::Part::kNegative && bucket.upper > -threshold) {
      bucket.upper = std::max(-threshold, bucket.lower);
    }
    buckets->push_back(bucket);
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
  return PowerOfTwo(BoundInOctave(rest, per_octave), index >> schema);
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

namespace {

std::vector<Bucket> Collect(const Histogram& histogram, ZeroBucket zero, bool has_zero) {
  std::vector<Bucket> buckets;
  const IndexedCounts positive = Unpack(histogram.positive_spans, histogram.positive_counts);
  if (histogram.UsesCustomBuckets()) {
    AppendBuckets(histogram, positive, Bucket::Part::kCustom, &buckets);
    return buckets;
  }
  IndexedCounts negative = Unpack(histogram.negative_spans, histogram.negative_counts);
  std::reverse(negative.begin(), negative.end());
  AppendBuckets(histogram, negative, Bucket::Part::kNegative, &buckets);
  if (has_zero) {
    buckets.push_back(NarrowZeroBucket(histogram));
    if (zero == ZeroBucket::kWhole) {
      buckets.back().lower = -histogram.zero_threshold;
      buckets.back().upper = histogram.zero_threshold;
    }
  }
  AppendBuckets(histogram, positive, Bucket::Part::kPositive, &buckets);
  return buckets;
}

}  // namespace

uint32_t BoundariesOf(const Bucket& bucket) {
  switch (bucket.part) {
    case Bucket::Part::kNegative:
      return 1;
    case Bucket::Part::kZero:
      return 3;
    case Bucket::Part::kCustom:
      return std::isinf(bucket.lower) ? 3 : 0;
    case Bucket::Part::kPositive:
      break;
  }
  return 0;
}

std::vector<Bucket> BucketsOf(const Histogram& histogram, ZeroBucket zero) {
  return Collect(histogram, zero, histogram.zero_count > 0);
}

std::string ShortText(double value) {
  if (!std::isfinite(value)) return FormatValue(value);
  // As C's %g with as many digits as it takes: an exponent from a million on and below 0.0001.
  std::string text;
  for (int digits = 0; digits <= 17; ++digits) {
    text = fmt::format("{:.{}e}", value, digits);
    if (std::strtod(text.c_str(), nullptr) == value) break;
  }
  const int exponent = std::atoi(text.c_str() + text.find('e') + 1);
  return exponent < -4 || exponent >= 6 ? text : FormatValue(value);
}

std::string HistogramText(const Histogram& histogram) {
  std::string text =
      fmt::format("{{count:{}, sum:{}", ShortText(histogram.count), ShortText(histogram.sum));
  for (const Bucket& bucket : Collect(histogram, ZeroBucket::kWhole, histogram.zero_count != 0)) {
    const uint32_t ends = BoundariesOf(bucket);
    const bool closed_lower = ends == 1 || ends == 3;
    const bool closed_upper = ends == 0 || ends == 3;
    text += fmt::format(", {}{},{}{}:{}", closed_lower ? '[' : '(', ShortText(bucket.lower),
                        ShortText(bucket.upper), closed_upper ? ']' : ')', ShortText(bucket.count));
  }
  return text + '}';
}

}  // namespace vigil::exec
