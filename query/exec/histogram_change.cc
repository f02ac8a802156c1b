// SPDX-License-Identifier: Apache-2.0
#include "query/exec/histogram_change.h"

#include <algorithm>

#include "query/exec/histogram/histogram_math.h"

namespace vigil::exec {
namespace {

using storage::CounterResetHint;
using storage::Histogram;

bool IsGauge(const HistogramPtr& histogram) {
  return histogram->reset_hint == CounterResetHint::kGauge;
}

// No observations, in the layout of `like`.
Histogram EmptyLike(const Histogram& like) {
  Histogram empty;
  empty.schema = like.schema;
  empty.custom_bounds = like.custom_bounds;
  return empty;
}

void CheckHints(std::span<const HistogramPtr> histograms, bool is_counter, std::string_view metric,
                promql::Span where, Annotations* annotations) {
  if (is_counter) {
    if (std::any_of(histograms.begin(), histograms.end(), IsGauge)) {
      annotations->WarnNotCounter(where, metric);
    }
  } else if (!IsGauge(histograms.front()) || !IsGauge(histograms.back())) {
    annotations->WarnNotGauge(where, metric);
  }
}

}  // namespace

std::optional<Histogram> HistogramChange(std::span<const HistogramPtr> histograms, bool is_counter,
                                         std::string_view metric, promql::Span where,
                                         Annotations* annotations) {
  Histogram first = *histograms.front();
  // What was before a reset at the second histogram does not matter, nor does its layout.
  const bool starts_anew = is_counter && DetectReset(first, *histograms[1]);
  if (starts_anew) first = EmptyLike(*histograms[1]);
  const bool custom = first.UsesCustomBuckets();
  const bool mixed = std::any_of(
      histograms.begin() + 1, histograms.end(),
      [custom](const HistogramPtr& histogram) { return histogram->UsesCustomBuckets() != custom; });
  if (mixed) {
    annotations->WarnMixedSchemas(where, metric);
    return std::nullopt;
  }
  CheckHints(histograms, is_counter, metric, where, annotations);
  // Hints say nothing about a difference: resets are what is dealt with here.
  Histogram change = *histograms.back();
  bool reconciled = Subtract(first, &change).reconciled_bounds;
  if (is_counter) {
    const Histogram* previous = &first;
    for (const HistogramPtr& current : histograms.subspan(1)) {
      if (DetectReset(*previous, *current)) {
        reconciled |= Add(*previous, &change).reconciled_bounds;
      }
      previous = current.get();
    }
  }
  if (reconciled) annotations->InfoReconciledBounds(where, "subtraction");
  change.reset_hint = CounterResetHint::kGauge;
  return change;
}

Histogram Scaled(const Histogram& histogram, double factor) {
  Histogram scaled = Scale(histogram, factor);
  scaled.reset_hint = CounterResetHint::kGauge;
  return scaled;
}

}  // namespace vigil::exec
