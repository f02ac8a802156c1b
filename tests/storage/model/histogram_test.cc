// SPDX-License-Identifier: Apache-2.0
#include "storage/model/histogram.h"

#include <gtest/gtest.h>

#include <limits>

#include "storage/model/sample.h"

namespace vigil::storage {
namespace {

Histogram Example() {
  Histogram histogram;
  histogram.schema = 2;
  histogram.count = 6;
  histogram.sum = 1.5;
  histogram.positive_spans = {{1, 2}};
  histogram.positive_counts = {4, 2};
  return histogram;
}

TEST(Histogram, EveryFieldCounts) {
  const std::vector<void (*)(Histogram*)> changes = {
      [](Histogram* h) { h->schema = 3; },
      [](Histogram* h) { h->reset_hint = CounterResetHint::kGauge; },
      [](Histogram* h) { h->zero_threshold = 1e-9; },
      [](Histogram* h) { h->zero_count = 1; },
      [](Histogram* h) { h->count = 7; },
      [](Histogram* h) { h->sum = 2; },
      [](Histogram* h) { h->positive_spans[0].offset = 0; },
      [](Histogram* h) {
        h->negative_spans = {{0, 0}};
      },
      [](Histogram* h) { h->positive_counts[1] = 3; },
      [](Histogram* h) { h->negative_counts = {1}; },
      [](Histogram* h) { h->custom_bounds = {1}; },
  };
  EXPECT_TRUE(Example() == Example());
  for (size_t i = 0; i < changes.size(); ++i) {
    Histogram changed = Example();
    changes[i](&changed);
    EXPECT_FALSE(changed == Example()) << "change " << i;
  }
}

TEST(Histogram, ComparesBitForBit) {
  Histogram stale = Example();
  stale.sum = StaleNan();
  EXPECT_TRUE(stale == stale);
  EXPECT_TRUE(IsStale(stale));
  Histogram other_nan = stale;
  other_nan.sum = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(stale == other_nan);
  Histogram negative_zero = Example();
  negative_zero.zero_count = -0.0;
  EXPECT_FALSE(negative_zero == Example());
}

}  // namespace
}  // namespace vigil::storage
