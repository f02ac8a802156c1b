// SPDX-License-Identifier: Apache-2.0
#include "query/exec/histogram/histogram_math.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <utility>

#include "query/exec/histogram/histogram_layout.h"

namespace vigil::exec {
namespace {

using storage::CounterResetHint;
using storage::Histogram;

void ForEachNumber(Histogram* histogram, const auto& change) {
  histogram->zero_count = change(histogram->zero_count);
  histogram->count = change(histogram->count);
  histogram->sum = change(histogram->sum);
  for (double& count : histogram->positive_counts) count = change(count);
  for (double& count : histogram->negative_counts) count = change(count);
}

// a + sign * b, bucket by bucket.
IndexedCounts Merge(const IndexedCounts& a, const IndexedCounts& b, double sign) {
  IndexedCounts merged;
  merged.reserve(a.size() + b.size());
  auto i = a.begin();
  auto j = b.begin();
  while (i != a.end() || j != b.end()) {
    if (j == b.end() || (i != a.end() && i->index < j->index)) {
      merged.push_back(*i++);
    } else if (i == a.end() || j->index < i->index) {
      merged.push_back({j->index, sign * j->count});
      ++j;
    } else {
      merged.push_back({i->index, i->count + sign * j->count});
      ++i;
      ++j;
    }
  }
  return merged;
}

HistogramSumInfo Combine(const Histogram& other, double sign, Histogram* sum) {
  HistogramSumInfo info;
  if (sum->UsesCustomBuckets() != other.UsesCustomBuckets()) {
    info.incompatible = true;
    return info;
  }
  info.conflicting_resets = HintsConflict(sum->reset_hint, other.reset_hint);
  HistogramLayout a(*sum);
  HistogramLayout b(other);
  info.reconciled_bounds = Reconcile(&a, &b);
  a.positive = Merge(a.positive, b.positive, sign);
  a.negative = Merge(a.negative, b.negative, sign);
  a.zero_count += sign * b.zero_count;
  a.StoreTo(sum);
  sum->count += sign * other.count;
  sum->sum += sign * other.sum;
  sum->reset_hint =
      sign > 0 ? CombinedHint(sum->reset_hint, other.reset_hint) : CounterResetHint::kGauge;
  return info;
}

bool SameBits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

bool SameCounts(IndexedCounts a, IndexedCounts b) {
  const auto is_empty = [](const IndexedCount& bucket) { return bucket.count == 0; };
  std::erase_if(a, is_empty);
  std::erase_if(b, is_empty);
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const IndexedCount& x, const IndexedCount& y) {
                      return x.index == y.index && SameBits(x.count, y.count);
                    });
}

// Whether a bucket that had observations has fewer now, or is gone.
bool AnyFell(const IndexedCounts& previous, const IndexedCounts& current) {
  auto at = current.begin();
  for (const IndexedCount& before : previous) {
    while (at != current.end() && at->index < before.index) ++at;
    const bool present = at != current.end() && at->index == before.index;
    if (present ? at->count < before.count : before.count != 0) return true;
  }
  return false;
}

}  // namespace

bool HintsConflict(CounterResetHint a, CounterResetHint b) {
  const auto [low, high] = std::minmax(a, b);
  return low == CounterResetHint::kReset && high == CounterResetHint::kNotReset;
}

CounterResetHint CombinedHint(CounterResetHint a, CounterResetHint b) {
  if (a == b) return a;
  if (a == CounterResetHint::kGauge || b == CounterResetHint::kGauge) {
    return CounterResetHint::kGauge;
  }
  return CounterResetHint::kUnknown;
}

Histogram Scale(Histogram histogram, double factor) {
  ForEachNumber(&histogram, [factor](double number) { return number * factor; });
  if (factor < 0) histogram.reset_hint = CounterResetHint::kGauge;
  return histogram;
}

Histogram Divide(Histogram histogram, double divisor) {
  ForEachNumber(&histogram, [divisor](double number) { return number / divisor; });
  if (divisor < 0) histogram.reset_hint = CounterResetHint::kGauge;
  if (divisor == 0) {
    histogram.positive_spans.clear();
    histogram.positive_counts.clear();
    histogram.negative_spans.clear();
    histogram.negative_counts.clear();
  }
  return histogram;
}

HistogramSumInfo Add(const Histogram& other, Histogram* sum) { return Combine(other, 1, sum); }

HistogramSumInfo Subtract(const Histogram& other, Histogram* difference) {
  return Combine(other, -1, difference);
}

bool SameObservations(const Histogram& a, const Histogram& b) {
  return a.schema == b.schema && SameBits(a.count, b.count) && SameBits(a.sum, b.sum) &&
         SameBits(a.zero_threshold, b.zero_threshold) && SameBits(a.zero_count, b.zero_count) &&
         a.custom_bounds == b.custom_bounds &&
         SameCounts(Unpack(a.positive_spans, a.positive_counts),
                    Unpack(b.positive_spans, b.positive_counts)) &&
         SameCounts(Unpack(a.negative_spans, a.negative_counts),
                    Unpack(b.negative_spans, b.negative_counts));
}

bool DetectReset(const Histogram& previous, const Histogram& current) {
  if (current.reset_hint == CounterResetHint::kReset) return true;
  if (current.reset_hint == CounterResetHint::kNotReset) return false;
  if (current.count < previous.count) return true;
  if (current.UsesCustomBuckets() != previous.UsesCustomBuckets()) return true;
  HistogramLayout before(previous);
  HistogramLayout now(current);
  if (!current.UsesCustomBuckets()) {
    if (current.schema > previous.schema) return true;
    if (current.zero_threshold < previous.zero_threshold) return true;
    before.WidenZero(current.zero_threshold);
    if (before.zero_threshold != current.zero_threshold) return true;
    if (current.zero_count < before.zero_count) return true;
  }
  Reconcile(&before, &now);
  return AnyFell(before.positive, now.positive) || AnyFell(before.negative, now.negative);
}

}  // namespace vigil::exec
