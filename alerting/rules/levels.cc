// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/levels.h"

#include <algorithm>

namespace vigil::alerting {

std::string_view ThresholdOpText(ThresholdOp op) {
  switch (op) {
    case ThresholdOp::kGreater:
      return ">";
    case ThresholdOp::kGreaterOrEqual:
      return ">=";
    case ThresholdOp::kLess:
      return "<";
    case ThresholdOp::kLessOrEqual:
      return "<=";
  }
  return ">";
}

bool ParseThresholdOp(std::string_view text, ThresholdOp* op) {
  for (const ThresholdOp candidate : {ThresholdOp::kGreater, ThresholdOp::kGreaterOrEqual,
                                      ThresholdOp::kLess, ThresholdOp::kLessOrEqual}) {
    if (text != ThresholdOpText(candidate)) continue;
    *op = candidate;
    return true;
  }
  return false;
}

bool IsBeyond(ThresholdOp op, double value, double threshold) {
  switch (op) {
    case ThresholdOp::kGreater:
      return value > threshold;
    case ThresholdOp::kGreaterOrEqual:
      return value >= threshold;
    case ThresholdOp::kLess:
      return value < threshold;
    case ThresholdOp::kLessOrEqual:
      return value <= threshold;
  }
  return false;
}

bool HoldsLevel(const Levels& levels, const Level& level, const Measurement& measurement,
                bool held_before) {
  if (measurement.histogram != nullptr) return false;
  return IsBeyond(levels.op, measurement.entering_value, level.at) ||
         (held_before && IsBeyond(levels.op, measurement.value, level.recover));
}

bool MayHoldLevel(const Levels& levels, const Measurement& measurement) {
  return std::any_of(levels.levels.begin(), levels.levels.end(), [&](const Level& level) {
    return HoldsLevel(levels, level, measurement, true);
  });
}

}  // namespace vigil::alerting
