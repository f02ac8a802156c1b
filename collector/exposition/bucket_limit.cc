// SPDX-License-Identifier: Apache-2.0
#include "collector/exposition/bucket_limit.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace vigil::collector {
namespace {

using storage::BucketSpan;
using storage::Histogram;

// Halves the resolution: buckets 2k-1 and 2k become bucket k.
void HalveSide(std::vector<BucketSpan>* spans, std::vector<double>* counts) {
  std::vector<BucketSpan> new_spans;
  std::vector<double> new_counts;
  int64_t index = 0;     // Of the bucket at hand.
  int64_t next_new = 0;  // Behind the last new bucket.
  size_t at = 0;
  for (const BucketSpan& span : *spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length; ++i, ++index, ++at) {
      const int64_t merged = (index + 1) >> 1;
      if (!new_counts.empty() && merged == next_new - 1) {
        new_counts.back() += (*counts)[at];
        continue;
      }
      if (new_spans.empty() || merged != next_new) {
        new_spans.push_back({static_cast<int32_t>(merged - next_new), 0});
      }
      ++new_spans.back().length;
      new_counts.push_back((*counts)[at]);
      next_new = merged + 1;
    }
  }
  *spans = std::move(new_spans);
  *counts = std::move(new_counts);
}

void HalveResolution(Histogram* histogram) {
  HalveSide(&histogram->positive_spans, &histogram->positive_counts);
  HalveSide(&histogram->negative_spans, &histogram->negative_counts);
  --histogram->schema;
}

}  // namespace

bool LimitBuckets(uint64_t max_buckets, Histogram* histogram) {
  const auto too_many = [&] {
    return max_buckets != 0 &&
           histogram->positive_counts.size() + histogram->negative_counts.size() > max_buckets;
  };
  while (too_many()) {
    if (histogram->UsesCustomBuckets() || histogram->schema <= storage::kMinExponentialSchema) {
      return false;
    }
    HalveResolution(histogram);
  }
  return true;
}

void WidenBuckets(double factor, Histogram* histogram) {
  if (!(factor > 1) || histogram->UsesCustomBuckets()) return;
  // Buckets of a schema grow by 2^(2^-schema).
  const double finest = std::floor(-std::log2(std::log2(factor)));
  const double schema =
      std::clamp<double>(finest, storage::kMinExponentialSchema, storage::kMaxExponentialSchema);
  while (histogram->schema > schema) HalveResolution(histogram);
}

}  // namespace vigil::collector
