// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/levels.h"

#include <limits>

#include <gtest/gtest.h>

namespace vigil::alerting {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Measurement Value(double value) {
  Measurement measurement;
  measurement.value = value;
  measurement.entering_value = value;
  return measurement;
}

TEST(LevelsTest, OperatorsReadBack) {
  for (const char* const text : {">", ">=", "<", "<="}) {
    ThresholdOp op = ThresholdOp::kGreater;
    ASSERT_TRUE(ParseThresholdOp(text, &op));
    EXPECT_EQ(ThresholdOpText(op), text);
  }
  ThresholdOp op = ThresholdOp::kGreater;
  EXPECT_FALSE(ParseThresholdOp("==", &op));
}

TEST(LevelsTest, TheThresholdItselfIsBeyondWithEquality) {
  EXPECT_FALSE(IsBeyond(ThresholdOp::kGreater, 5, 5));
  EXPECT_TRUE(IsBeyond(ThresholdOp::kGreaterOrEqual, 5, 5));
  EXPECT_FALSE(IsBeyond(ThresholdOp::kLess, 5, 5));
  EXPECT_TRUE(IsBeyond(ThresholdOp::kLessOrEqual, 5, 5));
  for (const ThresholdOp op : {ThresholdOp::kGreater, ThresholdOp::kGreaterOrEqual,
                               ThresholdOp::kLess, ThresholdOp::kLessOrEqual}) {
    EXPECT_FALSE(IsBeyond(op, kNaN, 5));
  }
}

TEST(LevelsTest, BetweenTheThresholdsItStaysAsItWas) {
  const Level level = {"warning", 10, 5};
  const Levels levels = {ThresholdOp::kGreater, "severity", {level}};
  for (const bool before : {false, true}) {
    EXPECT_TRUE(HoldsLevel(levels, level, Value(11), before));
    EXPECT_EQ(HoldsLevel(levels, level, Value(7), before), before);
    EXPECT_FALSE(HoldsLevel(levels, level, Value(5), before));
    EXPECT_FALSE(HoldsLevel(levels, level, Value(kNaN), before));
  }
  EXPECT_TRUE(MayHoldLevel(levels, Value(7)));
  EXPECT_FALSE(MayHoldLevel(levels, Value(5)));
}

// What is needed to enter is no longer needed to stay.
TEST(LevelsTest, EntersByTheBoundAndLeavesByTheValue) {
  const Level level = {"", 0.05, 0.05};
  const Levels levels = {ThresholdOp::kGreater, "", {level}};
  Measurement unsure = Value(0.5);
  unsure.entering_value = 0.04;
  EXPECT_FALSE(HoldsLevel(levels, level, unsure, false));
  EXPECT_TRUE(HoldsLevel(levels, level, unsure, true));
  unsure.entering_value = kNaN;
  EXPECT_FALSE(HoldsLevel(levels, level, unsure, false));
  EXPECT_TRUE(HoldsLevel(levels, level, unsure, true));
}

TEST(LevelsTest, HistogramsHaveNoLevel) {
  const Level level = {"warning", 10, 5};
  const Levels levels = {ThresholdOp::kGreater, "severity", {level}};
  Measurement measurement = Value(11);
  measurement.histogram = std::make_shared<storage::Histogram>();
  EXPECT_FALSE(HoldsLevel(levels, level, measurement, true));
}

}  // namespace
}  // namespace vigil::alerting
