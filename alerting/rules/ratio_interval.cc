// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/ratio_interval.h"

#include <algorithm>
#include <cmath>

namespace vigil::alerting {

double TwoSidedQuantile(double confidence) {
  // erf(z / sqrt(2)) grows with z; beyond 40 it is 1 to the last bit.
  double low = 0;
  double high = 40;
  for (int step = 0; step < 100; ++step) {
    const double middle = (low + high) / 2;
    (std::erf(middle / std::sqrt(2.0)) < confidence ? low : high) = middle;
  }
  return (low + high) / 2;
}

RatioInterval WilsonInterval(double errors, double total, double z) {
  if (!(total > 0)) return {0, 1};
  const double ratio = std::clamp(errors / total, 0.0, 1.0);
  const double z2 = z * z / total;
  const double center = (ratio + z2 / 2) / (1 + z2);
  const double half = std::sqrt(ratio * (1 - ratio) * z2 + z2 * z2 / 4) / (1 + z2);
  return {std::max(0.0, center - half), std::min(1.0, center + half)};
}

}  // namespace vigil::alerting
