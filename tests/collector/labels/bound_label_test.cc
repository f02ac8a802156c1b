// SPDX-License-Identifier: Apache-2.0
#include "collector/labels/bound_label.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "base/strings.h"

namespace vigil::collector {
namespace {

TEST(BoundLabelTest, HasTheFormOfOpenMetrics) {
  EXPECT_EQ(BoundLabel(0), "0.0");
  EXPECT_EQ(BoundLabel(-0.0), "0.0");
  EXPECT_EQ(BoundLabel(1), "1.0");
  EXPECT_EQ(BoundLabel(-10), "-10.0");
  EXPECT_EQ(BoundLabel(0.005), "0.005");
  EXPECT_EQ(BoundLabel(2.5), "2.5");
  EXPECT_EQ(BoundLabel(0.0001), "0.0001");
  EXPECT_EQ(BoundLabel(0.00001), "1e-05");
  EXPECT_EQ(BoundLabel(999999), "999999.0");
  EXPECT_EQ(BoundLabel(1e6), "1e+06");
  EXPECT_EQ(BoundLabel(1048576), "1.048576e+06");
  EXPECT_EQ(BoundLabel(1e300), "1e+300");
}

TEST(BoundLabelTest, NamesWhatIsNoNumber) {
  EXPECT_EQ(BoundLabel(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(BoundLabel(-std::numeric_limits<double>::infinity()), "-Inf");
  EXPECT_EQ(BoundLabel(std::numeric_limits<double>::quiet_NaN()), "NaN");
}

TEST(BoundLabelTest, ReadsBackAsTheSameBound) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> exponent(-300, 300);
  for (int i = 0; i < 10'000; ++i) {
    const double bound = std::pow(10, exponent(random));
    double back = 0;
    ASSERT_TRUE(ParseDouble(BoundLabel(bound), &back)) << BoundLabel(bound);
    ASSERT_EQ(back, bound);
  }
}

}  // namespace
}  // namespace vigil::collector
