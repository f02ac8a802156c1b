// SPDX-License-Identifier: Apache-2.0
#include "query/exec/histogram/quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vigil::exec {

double QuantileOf(double quantile, std::vector<double>* values) {
  std::sort(values->begin(), values->end(),
            [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; });
  return QuantileOfSorted(quantile, *values);
}

double QuantileOfSorted(double quantile, const std::vector<double>& sorted) {
  if (sorted.empty() || std::isnan(quantile)) return std::numeric_limits<double>::quiet_NaN();
  if (quantile < 0) return -std::numeric_limits<double>::infinity();
  if (quantile > 1) return std::numeric_limits<double>::infinity();
  const double last = static_cast<double>(sorted.size() - 1);
  const double rank = quantile * last;
  const double lower = std::floor(rank);
  const double upper = std::min(last, lower + 1);
  const double weight = rank - lower;
  return sorted[static_cast<size_t>(lower)] * (1 - weight) +
         sorted[static_cast<size_t>(upper)] * weight;
}

}  // namespace vigil::exec
