// SPDX-License-Identifier: Apache-2.0
#include "query/exec/histogram/histogram_layout.h"

#include <algorithm>
#include <iterator>

namespace vigil::exec {
namespace {

// Appends to buckets whose indexes do not descend.
void Accumulate(int32_t index, double count, IndexedCounts* buckets) {
  if (!buckets->empty() && buckets->back().index == index) {
    buckets->back().count += count;
  } else {
    buckets->push_back({index, count});
  }
}

IndexedCounts Lowered(const IndexedCounts& buckets, int levels) {
  IndexedCounts lowered;
  for (const IndexedCount& bucket : buckets) {
    Accumulate(IndexAtLowerSchema(bucket.index, levels), bucket.count, &lowered);
  }
  return lowered;
}

}  // namespace

HistogramLayout::HistogramLayout(const storage::Histogram& histogram)
    : schema(histogram.schema),
      zero_threshold(histogram.zero_threshold),
      zero_count(histogram.zero_count),
      positive(Unpack(histogram.positive_spans, histogram.positive_counts)),
      negative(Unpack(histogram.negative_spans, histogram.negative_counts)),
      custom_bounds(histogram.custom_bounds) {}

void HistogramLayout::StoreTo(storage::Histogram* histogram) const {
  histogram->schema = schema;
  histogram->zero_threshold = zero_threshold;
  histogram->zero_count = zero_count;
  histogram->custom_bounds = custom_bounds;
  Pack(positive, &histogram->positive_spans, &histogram->positive_counts);
  Pack(negative, &histogram->negative_spans, &histogram->negative_counts);
}

void HistogramLayout::LowerSchema(int8_t target) {
  if (target >= schema) return;
  positive = Lowered(positive, schema - target);
  negative = Lowered(negative, schema - target);
  schema = target;
}

void HistogramLayout::WidenZero(double threshold) {
  if (!(threshold > zero_threshold)) return;
  zero_threshold = threshold;
  for (bool grew = true; grew;) {
    grew = false;
    for (IndexedCounts* const side : {&positive, &negative}) {
      size_t covered = 0;
      for (; covered < side->size(); ++covered) {
        const IndexedCount& bucket = (*side)[covered];
        const double upper = ExponentialBound(schema, bucket.index);
        if (upper > zero_threshold) {
          const double lower = ExponentialBound(schema, int64_t{bucket.index} - 1);
          if (lower >= zero_threshold) break;
          if (bucket.count == 0) continue;
          zero_threshold = upper;
          grew = true;
        }
        zero_count += bucket.count;
      }
      side->erase(side->begin(), side->begin() + static_cast<std::ptrdiff_t>(covered));
    }
  }
}

void HistogramLayout::KeepBounds(const std::vector<double>& bounds) {
  IndexedCounts moved;
  for (const IndexedCount& bucket : positive) {
    // The bucket whose bound is the first not below this one's; without a bound, the last.
    size_t index = bounds.size();
    if (bucket.index >= 0 && static_cast<size_t>(bucket.index) < custom_bounds.size()) {
      const double upper = custom_bounds[static_cast<size_t>(bucket.index)];
      index = static_cast<size_t>(std::lower_bound(bounds.begin(), bounds.end(), upper) -
                                  bounds.begin());
    }
    Accumulate(static_cast<int32_t>(index), bucket.count, &moved);
  }
  positive = std::move(moved);
  custom_bounds = bounds;
}

bool Reconcile(HistogramLayout* a, HistogramLayout* b) {
  if (a->schema == storage::kCustomBucketsSchema) {
    if (a->custom_bounds == b->custom_bounds) return false;
    std::vector<double> common;
    std::set_intersection(a->custom_bounds.begin(), a->custom_bounds.end(),
                          b->custom_bounds.begin(), b->custom_bounds.end(),
                          std::back_inserter(common));
    a->KeepBounds(common);
    b->KeepBounds(common);
    return true;
  }
  // Widening one may widen it beyond the other, which then has to follow.
  while (a->zero_threshold < b->zero_threshold || b->zero_threshold < a->zero_threshold) {
    a->WidenZero(b->zero_threshold);
    b->WidenZero(a->zero_threshold);
  }
  const int8_t lower = std::min(a->schema, b->schema);
  a->LowerSchema(lower);
  b->LowerSchema(lower);
  return false;
}

}  // namespace vigil::exec
