// SPDX-License-Identifier: Apache-2.0
#include "cli/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/duration.h"
#include "cli/output.h"

namespace vigil::cli {
namespace {

// Dots of a character, from top to bottom in its left and its right column.
constexpr std::array<std::array<uint8_t, 4>, 2> kDots = {
    {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}};
constexpr int kDotsAcross = 2;
constexpr int kDotsDown = 4;
// ANSI colours that are told apart on light and dark grounds.
constexpr std::array<int, 6> kColors = {36, 33, 35, 32, 31, 34};
constexpr std::array<std::string_view, 6> kMarks = {"●", "▲", "■", "◆", "✚", "★"};

struct Range {
  double low = 0;
  double high = 0;
};

// The values' range, a little widened when it is empty.
Range ValueRange(const std::vector<PlotSeries>& series) {
  Range range{INFINITY, -INFINITY};
  for (const PlotSeries& one : series) {
    for (const double value : one.values) {
      if (!std::isfinite(value)) continue;
      range.low = std::min(range.low, value);
      range.high = std::max(range.high, value);
    }
  }
  if (range.low > range.high) return {0, 1};
  if (range.low == range.high) {
    const double margin = range.low == 0 ? 1 : std::fabs(range.low) * 0.1;
    return {range.low - margin, range.high + margin};
  }
  // A chart of shares or rates reads better from zero, if zero is near.
  if (range.low > 0 && range.low < 0.5 * range.high) range.low = 0;
  return range;
}

std::string AxisLabel(double value) {
  const double magnitude = std::fabs(value);
  constexpr std::array<std::pair<double, std::string_view>, 3> kUnits = {
      {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}}};
  for (const auto& [unit, letter] : kUnits) {
    if (magnitude >= unit) return fmt::format("{:.4g}{}", value / unit, letter);
  }
  return fmt::format("{:.4g}", value);
}

// The drawing area: which dots are set, and which series set a character last.
class Canvas {
 public:
  Canvas(int width, int height)
      : width_(width), height_(height), cells_(width * height, 0), owners_(width * height, -1) {}

  int dots_across() const { return width_ * kDotsAcross; }
  int dots_down() const { return height_ * kDotsDown; }

  void Set(int x, int y, int owner) {
    if (x < 0 || y < 0 || x >= dots_across() || y >= dots_down()) return;
    const int cell = y / kDotsDown * width_ + x / kDotsAcross;
    cells_[cell] |= kDots[x % kDotsAcross][y % kDotsDown];
    owners_[cell] = owner;
  }

  // Bresenham's line.
  void Line(int x0, int y0, int x1, int y1, int owner) {
    const int dx = std::abs(x1 - x0);
    const int dy = -std::abs(y1 - y0);
    const int step_x = x0 < x1 ? 1 : -1;
    const int step_y = y0 < y1 ? 1 : -1;
    int error = dx + dy;
    while (true) {
      Set(x0, y0, owner);
      if (x0 == x1 && y0 == y1) return;
      const int doubled = 2 * error;
      if (doubled >= dy) {
        error += dy;
        x0 += step_x;
      }
      if (doubled <= dx) {
        error += dx;
        y0 += step_y;
      }
    }
  }

  std::string Row(int y, bool color) const {
    std::string row;
    int current = -1;
    for (int x = 0; x < width_; ++x) {
      const int cell = y * width_ + x;
      const int owner = cells_[cell] == 0 ? -1 : owners_[cell];
      if (color && owner != current) {
        row += owner < 0 ? "\x1b[0m" : fmt::format("\x1b[{}m", kColors[owner % kColors.size()]);
        current = owner;
      }
      AppendBraille(cells_[cell], &row);
    }
    if (color && current >= 0) row += "\x1b[0m";
    return row;
  }

 private:
  // U+2800 plus the dots, in UTF-8.
  static void AppendBraille(uint8_t dots, std::string* text) {
    if (dots == 0) {
      *text += ' ';
      return;
    }
    *text += '\xE2';
    *text += static_cast<char>(0xA0 | (dots >> 6));
    *text += static_cast<char>(0x80 | (dots & 0x3F));
  }

  const int width_;
  const int height_;
  std::vector<uint8_t> cells_;
  std::vector<int> owners_;
};

void Draw(const PlotSeries& series, int owner, const PlotOptions& options, Range range,
          Canvas* canvas) {
  const double span_ms =
      std::max<double>(1, static_cast<double>(options.end_ms - options.start_ms));
  bool joined = false;
  int last_x = 0;
  int last_y = 0;
  int64_t last_ms = 0;
  for (size_t i = 0; i < series.values.size(); ++i) {
    if (!std::isfinite(series.values[i])) {
      joined = false;
      continue;
    }
    const double across = static_cast<double>(series.times_ms[i] - options.start_ms) / span_ms;
    const double up = (series.values[i] - range.low) / (range.high - range.low);
    const int x = static_cast<int>(std::lround(across * (canvas->dots_across() - 1)));
    const int y = static_cast<int>(std::lround((1 - up) * (canvas->dots_down() - 1)));
    const bool near = options.step_ms == 0 || series.times_ms[i] - last_ms <= options.step_ms;
    if (joined && near) {
      canvas->Line(last_x, last_y, x, y, owner);
    } else {
      canvas->Set(x, y, owner);
    }
    joined = true;
    last_x = x;
    last_y = y;
    last_ms = series.times_ms[i];
  }
}

std::string TimeAxis(const PlotOptions& options, int margin, int width) {
  // Hours and minutes are enough below a day, dates beyond.
  const bool days = options.end_ms - options.start_ms > kMillisPerDay;
  const auto label = [days](int64_t unix_ms) {
    const std::string text = FormatInstantMs(unix_ms);
    return days ? text.substr(5, 11) : text.substr(11, 8);
  };
  const std::string begin = label(options.start_ms);
  const std::string middle = label(options.start_ms + (options.end_ms - options.start_ms) / 2);
  const std::string end = label(options.end_ms);
  std::string line(margin, ' ');
  line += begin;
  const int middle_at = margin + (width - static_cast<int>(middle.size())) / 2;
  const int end_at = margin + width - static_cast<int>(end.size());
  if (middle_at > static_cast<int>(line.size())) {
    line.resize(middle_at, ' ');
    line += middle;
  }
  if (end_at > static_cast<int>(line.size())) {
    line.resize(end_at, ' ');
    line += end + " UTC";
  }
  return line + '\n';
}

std::string Legend(const std::vector<PlotSeries>& series, size_t drawn, bool color) {
  std::string text;
  for (size_t i = 0; i < drawn; ++i) {
    const std::string mark =
        color ? fmt::format("\x1b[{}m●\x1b[0m", kColors[i]) : std::string(kMarks[i]);
    const std::string last =
        series[i].values.empty() ? "no data" : fmt::format("{:.6g}", series[i].values.back());
    text += fmt::format("  {} {}  last {}\n", mark, Printable(series[i].name), last);
  }
  if (drawn < series.size()) {
    text += fmt::format("  ({} more series are not drawn; narrow the query or use topk)\n",
                        series.size() - drawn);
  }
  return text;
}

}  // namespace

std::string Plot(const std::vector<PlotSeries>& series, const PlotOptions& options) {
  const size_t drawn = std::min(series.size(), kColors.size());
  const std::vector<PlotSeries> visible(series.begin(), series.begin() + drawn);
  const Range range = ValueRange(visible);
  constexpr int kMargin = 10;
  const int width = std::max(10, options.width - kMargin - 2);
  Canvas canvas(width, options.height);
  for (size_t i = 0; i < drawn; ++i) {
    Draw(visible[i], static_cast<int>(i), options, range, &canvas);
  }
  std::string text;
  for (int y = 0; y < options.height; ++y) {
    std::string label;
    if (y % 5 == 0 || y == options.height - 1) {
      const double share = 1 - static_cast<double>(y) / std::max(1, options.height - 1);
      label = AxisLabel(range.low + share * (range.high - range.low));
    }
    text += fmt::format("{:>{}} {} {}", label, kMargin - 2, label.empty() ? "│" : "┤",
                        canvas.Row(y, options.color));
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  text += TimeAxis(options, kMargin, width);
  return text + Legend(series, drawn, options.color);
}

}  // namespace vigil::cli
