// SPDX-License-Identifier: Apache-2.0
//
// Charts of series over time for the terminal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/plot/unit.h"

namespace vigil::cli {

struct PlotSeries {
  std::string name;
  std::vector<int64_t> times_ms;
  std::vector<double> values;  // As long as times_ms.
};

struct PlotOptions {
  // Of the whole chart, in characters and lines. The drawing gets the lines that axis and legend
  // leave, kMinDrawingLines at least.
  int width = 80;
  int height = 24;
  bool color = false;
  bool unicode = true;
  PlotUnit unit = PlotUnit::kNone;
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  int64_t step_ms = 0;  // Points further apart than this are not joined; 0: all are.
};

inline constexpr int kMinDrawingLines = 5;
inline constexpr int kMaxDrawingLines = 30;

// Points that a chart of that width can show side by side.
int PlotPoints(int width);

// A chart with axes (times are local) and a legend with each series' last, least and greatest
// value. Points that are not finite are gaps. Of more series than Canvas::kMaxOwners those with the
// greatest values are drawn, and the legend says how many are not.
std::string Plot(const std::vector<PlotSeries>& series, const PlotOptions& options);

}  // namespace vigil::cli
