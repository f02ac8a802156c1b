// SPDX-License-Identifier: Apache-2.0
#include "query/exec/histogram/compensated_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "query/exec/histogram/compensated.h"

namespace vigil::exec {
namespace {

using storage::Histogram;

void ScaleCounts(double factor, IndexedCounts* counts) {
  for (IndexedCount& bucket : *counts) bucket.count *= factor;
}

// A sum and what it lost, both with the same buckets.
struct Side {
  IndexedCounts sum;
  IndexedCounts lost;
};

// The count at `index`, which is passed then; 0 if there is none.
double TakeAt(int32_t index, const IndexedCounts& counts, size_t* at) {
  if (*at == counts.size() || counts[*at].index != index) return 0;
  return counts[(*at)++].count;
}

int32_t IndexAt(const IndexedCounts& counts, size_t at) {
  return at < counts.size() ? counts[at].index : std::numeric_limits<int32_t>::max();
}

Side AddCounts(const IndexedCounts& sum, const IndexedCounts& lost, const IndexedCounts& more) {
  Side side;
  side.sum.reserve(std::max(sum.size(), more.size()));
  side.lost.reserve(side.sum.capacity());
  for (size_t i = 0, j = 0, k = 0; i < sum.size() || j < lost.size() || k < more.size();) {
    const int32_t index = std::min({IndexAt(sum, i), IndexAt(lost, j), IndexAt(more, k)});
    double total = TakeAt(index, sum, &i);
    double rest = TakeAt(index, lost, &j);
    CompensatedSum::Add(TakeAt(index, more, &k), &total, &rest);
    side.sum.push_back({index, total});
    side.lost.push_back({index, rest});
  }
  return side;
}

// What lies beyond is infinite.
bool Overflows(const IndexedCounts& counts) {
  return std::any_of(counts.begin(), counts.end(),
                     [](const IndexedCount& bucket) { return std::isinf(bucket.count); });
}

IndexedCounts Plus(IndexedCounts counts, const IndexedCounts& lost) {
  return AddCounts(counts, {}, lost).sum;
}

}  // namespace

HistogramParts::HistogramParts(const Histogram& histogram)
    : layout(histogram), count(histogram.count), sum(histogram.sum) {}

void HistogramParts::Scale(double factor) {
  count *= factor;
  sum *= factor;
  layout.zero_count *= factor;
  ScaleCounts(factor, &layout.positive);
  ScaleCounts(factor, &layout.negative);
}

CompensatedHistogram::CompensatedHistogram(const Histogram& first)
    : sum_(first), lost_(first), hint_(first.reset_hint) {
  lost_.count = lost_.sum = lost_.layout.zero_count = 0;
  lost_.layout.positive.clear();
  lost_.layout.negative.clear();
}

HistogramSumInfo CompensatedHistogram::Add(const Histogram& histogram) {
  HistogramSumInfo info;
  const bool custom = sum_.layout.schema == storage::kCustomBucketsSchema;
  if (custom != histogram.UsesCustomBuckets()) {
    info.incompatible = true;
    return info;
  }
  info.conflicting_resets = HintsConflict(hint_, histogram.reset_hint);
  hint_ = CombinedHint(hint_, histogram.reset_hint);
  HistogramParts more(histogram);
  info.reconciled_bounds = Reconcile(&sum_.layout, &more.layout);
  ++added_;
  if (incremental_) {
    sum_.Scale((added_ - 1) / added_);
    lost_.Scale((added_ - 1) / added_);
    more.Scale(1 / added_);
  }
  AddParts(std::move(more));
  return info;
}

HistogramSumInfo CompensatedHistogram::AddToMean(const Histogram& histogram) {
  if (incremental_ || !MayOverflow(histogram)) return Add(histogram);
  CompensatedHistogram next = *this;
  const HistogramSumInfo info = next.Add(histogram);
  if (!next.Overflowed()) {
    *this = std::move(next);
    return info;
  }
  BecomeMean();
  return Add(histogram);
}

void CompensatedHistogram::AddParts(HistogramParts more) {
  HistogramLayout& sum = sum_.layout;
  HistogramLayout& lost = lost_.layout;
  if (sum.schema == storage::kCustomBucketsSchema) {
    if (lost.custom_bounds != sum.custom_bounds) lost.KeepBounds(sum.custom_bounds);
  } else {
    lost.WidenZero(sum.zero_threshold);
    lost.LowerSchema(sum.schema);
  }
  Side positive = AddCounts(sum.positive, lost.positive, more.layout.positive);
  Side negative = AddCounts(sum.negative, lost.negative, more.layout.negative);
  sum.positive = std::move(positive.sum);
  lost.positive = std::move(positive.lost);
  sum.negative = std::move(negative.sum);
  lost.negative = std::move(negative.lost);
  CompensatedSum::Add(more.layout.zero_count, &sum.zero_count, &lost.zero_count);
  CompensatedSum::Add(more.count, &sum_.count, &lost_.count);
  CompensatedSum::Add(more.sum, &sum_.sum, &lost_.sum);
}

// Mostly numbers are so small that there is no need to look at all of them.
bool CompensatedHistogram::MayOverflow(const Histogram& histogram) const {
  constexpr double kLarge = std::numeric_limits<double>::max() / 4;
  for (const double number : {sum_.sum, sum_.count, histogram.sum, histogram.count}) {
    if (std::fabs(number) > kLarge) return true;
  }
  return false;
}

bool CompensatedHistogram::Overflowed() const {
  return std::isinf(sum_.sum) || std::isinf(sum_.count) || std::isinf(sum_.layout.zero_count) ||
         Overflows(sum_.layout.positive) || Overflows(sum_.layout.negative);
}

void CompensatedHistogram::BecomeMean() {
  incremental_ = true;
  sum_.Scale(1 / added_);
  lost_.Scale(1 / added_);
}

Histogram CompensatedHistogram::Sum() const {
  HistogramLayout layout = sum_.layout;
  layout.positive = Plus(std::move(layout.positive), lost_.layout.positive);
  layout.negative = Plus(std::move(layout.negative), lost_.layout.negative);
  layout.zero_count += lost_.layout.zero_count;
  Histogram sum;
  layout.StoreTo(&sum);
  sum.count = sum_.count + lost_.count;
  sum.sum = sum_.sum + lost_.sum;
  sum.reset_hint = hint_;
  return sum;
}

Histogram CompensatedHistogram::Mean() const {
  return incremental_ ? Sum() : Divide(Sum(), added_);
}

}  // namespace vigil::exec
