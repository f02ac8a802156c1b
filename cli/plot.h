// SPDX-License-Identifier: Apache-2.0
//
// Charts for the terminal, drawn with braille dots (two by four to a character).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vigil::cli {

struct PlotSeries {
  std::string name;
  std::vector<int64_t> times_ms;
  std::vector<double> values;  // As long as times_ms.
};

struct PlotOptions {
  int width = 80;   // Of the whole chart, characters.
  int height = 16;  // Of the drawing, lines.
  bool color = false;
  int64_t start_ms = 0;
  int64_t end_ms = 0;
  int64_t step_ms = 0;  // Points further apart than this are not joined.
};

// A chart with axes and a legend that gives each series' last value. Points that are not finite are
// left out. At most as many series as there are colours are drawn; the legend says what was left
// out.
std::string Plot(const std::vector<PlotSeries>& series, const PlotOptions& options);

}  // namespace vigil::cli
