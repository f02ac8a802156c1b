// SPDX-License-Identifier: Apache-2.0
//
// How sure one can be of a ratio: the Wilson score interval of a binomial proportion, which stays
// within [0, 1] and is honest where events are few.
#pragma once

namespace vigil::alerting {

struct RatioInterval {
  double lower = 0;
  double upper = 0;
};

// So many standard deviations around the mean hold `confidence` of a normal distribution: 1.96 for
// 0.95. Requires: 0 < confidence < 1.
double TwoSidedQuantile(double confidence);

// The interval of errors / total for TwoSidedQuantile's `z`. Counts need not be whole: rates are
// extrapolated. A ratio beyond [0, 1] counts as 0 or 1. [0, 1] when there was no event.
RatioInterval WilsonInterval(double errors, double total, double z);

}  // namespace vigil::alerting
