// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/ratio_interval.h"

#include <limits>

#include <gtest/gtest.h>

namespace vigil::alerting {
namespace {

TEST(RatioIntervalTest, QuantilesAreThoseOfTheTables) {
  EXPECT_NEAR(TwoSidedQuantile(0.95), 1.959964, 1e-6);
  EXPECT_NEAR(TwoSidedQuantile(0.99), 2.575829, 1e-6);
  EXPECT_NEAR(TwoSidedQuantile(0.5), 0.674490, 1e-6);
}

// Newcombe's examples of the Wilson score method without continuity correction (Statistics in
// Medicine 17, 1998, table I): 81 of 263, 15 of 148, 0 of 20, 1 of 29.
TEST(RatioIntervalTest, PublishedExamples) {
  const double z = TwoSidedQuantile(0.95);
  const auto expect = [z](double errors, double total, double lower, double upper) {
    const RatioInterval interval = WilsonInterval(errors, total, z);
    EXPECT_NEAR(interval.lower, lower, 5e-5) << errors << " of " << total;
    EXPECT_NEAR(interval.upper, upper, 5e-5) << errors << " of " << total;
  };
  expect(81, 263, 0.2553, 0.3662);
  expect(15, 148, 0.0624, 0.1605);
  expect(0, 20, 0.0000, 0.1611);
  expect(1, 29, 0.0061, 0.1718);
}

TEST(RatioIntervalTest, OneFailureInTwoSaysLittle) {
  const RatioInterval interval = WilsonInterval(1, 2, TwoSidedQuantile(0.95));
  EXPECT_LT(interval.lower, 0.1);
  EXPECT_GT(interval.upper, 0.9);
}

TEST(RatioIntervalTest, HoldsTheRatioAndNarrowsAsEventsGrow) {
  const double z = TwoSidedQuantile(0.95);
  for (const double ratio : {0.0, 0.001, 0.05, 0.5, 0.99, 1.0}) {
    double width = 2;
    for (double total = 1; total < 1e7; total *= 10) {
      const RatioInterval interval = WilsonInterval(ratio * total, total, z);
      EXPECT_LE(interval.lower, ratio + 1e-12);
      EXPECT_GE(interval.upper, ratio - 1e-12);
      EXPECT_GE(interval.lower, 0);
      EXPECT_LE(interval.upper, 1);
      EXPECT_LT(interval.upper - interval.lower, width);
      width = interval.upper - interval.lower;
    }
  }
}

TEST(RatioIntervalTest, OddCounts) {
  EXPECT_EQ(WilsonInterval(0, 0, 2).upper, 1);
  EXPECT_EQ(WilsonInterval(1, -1, 2).lower, 0);
  EXPECT_EQ(WilsonInterval(1, std::numeric_limits<double>::quiet_NaN(), 2).upper, 1);
  EXPECT_LE(WilsonInterval(12, 10, 2).upper, 1);
}

}  // namespace
}  // namespace vigil::alerting
