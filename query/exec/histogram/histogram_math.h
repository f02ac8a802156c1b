// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic on native histograms: scaling, adding after bringing layouts together, and finding
// counter resets.
#pragma once

#include "storage/model/histogram.h"

namespace vigil::exec {

// A negative factor makes a gauge.
storage::Histogram Scale(storage::Histogram histogram, double factor);
// Dividing by 0 leaves no buckets, as there is no telling what is in them.
storage::Histogram Divide(storage::Histogram histogram, double divisor);

// What came up when two histograms were added.
struct HistogramSumInfo {
  bool incompatible = false;        // Exponential and custom buckets; the sum was left as it was.
  bool conflicting_resets = false;  // One says reset, the other says none.
  bool reconciled_bounds = false;   // Custom bounds differed; those of both were kept.
};

// The lower schema, the larger zero bucket and the bounds that both have are what remains.
HistogramSumInfo Add(const storage::Histogram& other, storage::Histogram* sum);
// As Add; a difference is a gauge.
HistogramSumInfo Subtract(const storage::Histogram& other, storage::Histogram* difference);

// What the sum of two histograms says of resets; whether they contradict each other.
storage::CounterResetHint CombinedHint(storage::CounterResetHint a, storage::CounterResetHint b);
bool HintsConflict(storage::CounterResetHint a, storage::CounterResetHint b);

// Equality of everything but the reset hint; empty buckets do not matter.
bool SameObservations(const storage::Histogram& a, const storage::Histogram& b);

// Whether a counter was reset between the two.
bool DetectReset(const storage::Histogram& previous, const storage::Histogram& current);

}  // namespace vigil::exec
