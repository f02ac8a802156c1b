// SPDX-License-Identifier: Apache-2.0
//
// Levels: when a value has reached one, and when it has left it again.
//
//          recover           at
//   -----------+--------------+------------> value (of ">")
//     left     | stays as was |  entered
#pragma once

#include <memory>
#include <string_view>

#include "alerting/rules/ratio_interval.h"
#include "alerting/rules/rule_extensions.h"
#include "storage/model/histogram.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

// False if `text` is no such operator.
bool ParseThresholdOp(std::string_view text, ThresholdOp* op);

// Whether `value` is beyond `threshold`; NaN is beyond nothing.
bool IsBeyond(ThresholdOp op, double value, double threshold);

// What a rule's expressions say of one label set at one time.
struct Measurement {
  storage::Labels labels;
  double value = 0;
  // What must be beyond a level for it to be entered: the value, or the bound of its interval that
  // is nearer to it. NaN when too little is known to enter any.
  double entering_value = 0;
  std::shared_ptr<const storage::Histogram> histogram;  // Instead of the value, if not null.
  // Of ratios only.
  double events = 0;
  RatioInterval interval;
};

// Whether a level holds for `measurement`, given whether it held before.
bool HoldsLevel(const Levels& levels, const Level& level, const Measurement& measurement,
                bool held_before);

// Whether any level could: cheaper than to ask what held before.
bool MayHoldLevel(const Levels& levels, const Measurement& measurement);

}  // namespace vigil::alerting
