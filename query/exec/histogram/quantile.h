// SPDX-License-Identifier: Apache-2.0
//
// The quantile of plain values, which quantile() and quantile_over_time() share.
#pragma once

#include <vector>

namespace vigil::exec {

// Interpolates linearly between the neighbours of rank `quantile * (n - 1)`; NaN counts as
// smallest. NaN for no values or a NaN quantile, -Inf below 0, +Inf above 1. Sorts `*values`.
double QuantileOf(double quantile, std::vector<double>* values);

// The same for values that are sorted already.
double QuantileOfSorted(double quantile, const std::vector<double>& sorted);

// Whether a quantile deserves a warning.
inline bool IsOddQuantile(double quantile) { return !(quantile >= 0 && quantile <= 1); }

}  // namespace vigil::exec
