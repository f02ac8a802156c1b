// SPDX-License-Identifier: Apache-2.0
//
// The axes of a chart: where their ticks are and what is written at them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/plot/unit.h"

namespace vigil::cli {

struct ValueTick {
  double value = 0;
  std::string label;
};

// A range of values, with round ones among them.
struct ValueAxis {
  double low = 0;
  double high = 1;
  std::vector<ValueTick> ticks;  // From low to high.
};

// An axis from `low` to `high`, or from zero where zero is near, with about so many ticks, two at
// least. Requires: low <= high, finite; max_ticks >= 2.
ValueAxis MakeValueAxis(double low, double high, int max_ticks, PlotUnit unit);

struct TimeTick {
  int64_t time_ms = 0;
  std::string label;
};

// Ticks at round instants of local time within [start_ms, end_ms], at least `min_gap_ms` apart. The
// first of a day is written with its date if the range has more than one.
std::vector<TimeTick> MakeTimeTicks(int64_t start_ms, int64_t end_ms, int64_t min_gap_ms);

// What local time is called at `unix_ms`: "UTC", "CEST".
std::string TimeZoneName(int64_t unix_ms);

}  // namespace vigil::cli
