// SPDX-License-Identifier: Apache-2.0
#include "cli/plot/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string_view>

#include <fmt/format.h>

#include "cli/plot/axis.h"
#include "cli/plot/canvas.h"
#include "cli/text/display.h"

namespace vigil::cli {
namespace {

// Labels of the value axis take about this, and a line and a space beside them.
constexpr int kUsualMargin = 10;
constexpr int kMinDrawingWidth = 10;
// Lines between two labels of the value axis, about.
constexpr int kLinesPerTick = 3;
// Below the drawing: the axis and its labels.
constexpr int kAxisLines = 2;

// What a series' finite values come to.
struct Figures {
  bool any = false;
  double last = 0;
  double least = 0;
  double greatest = 0;
};

Figures FiguresOf(const PlotSeries& series) {
  Figures figures;
  for (const double value : series.values) {
    if (!std::isfinite(value)) continue;
    figures.least = figures.any ? std::min(figures.least, value) : value;
    figures.greatest = figures.any ? std::max(figures.greatest, value) : value;
    figures.last = value;
    figures.any = true;
  }
  return figures;
}

class Chart {
 public:
  Chart(const std::vector<PlotSeries>& series, const PlotOptions& options)
      : all_(series), options_(options) {
    ChooseSeries();
    style_ = {options.color, options.unicode, !options.color && drawn_.size() > 1};
    const int legend_lines =
        1 + static_cast<int>(drawn_.size()) + (drawn_.size() < all_.size() ? 1 : 0);
    lines_ =
        std::clamp(options.height - kAxisLines - legend_lines, kMinDrawingLines, kMaxDrawingLines);
    MakeAxis();
    width_ = std::max(kMinDrawingWidth, options.width - margin_ - 1);
  }

  std::string Draw() const {
    Canvas canvas(width_, lines_);
    for (size_t i = 0; i < drawn_.size(); ++i) {
      DrawSeries(all_[drawn_[i]], static_cast<int>(i), &canvas);
    }
    return Drawing(canvas) + TimeAxis() + Legend();
  }

 private:
  // The series that are drawn, as they come; of too many those with the greatest values.
  void ChooseSeries() {
    for (const PlotSeries& series : all_) figures_.push_back(FiguresOf(series));
    drawn_.resize(all_.size());
    std::iota(drawn_.begin(), drawn_.end(), size_t{0});
    constexpr size_t kMost = Canvas::kMaxOwners;
    if (drawn_.size() <= kMost) return;
    std::stable_sort(drawn_.begin(), drawn_.end(), [this](size_t a, size_t b) {
      if (figures_[a].any != figures_[b].any) return figures_[a].any;
      return figures_[a].greatest > figures_[b].greatest;
    });
    drawn_.resize(kMost);
    std::sort(drawn_.begin(), drawn_.end());
  }

  void MakeAxis() {
    bool any = false;
    double low = 0;
    double high = 1;
    for (const size_t i : drawn_) {
      if (!figures_[i].any) continue;
      low = any ? std::min(low, figures_[i].least) : figures_[i].least;
      high = any ? std::max(high, figures_[i].greatest) : figures_[i].greatest;
      any = true;
    }
    axis_ = MakeValueAxis(low, high, std::max(2, lines_ / kLinesPerTick + 1), options_.unit);
    size_t label_width = 0;
    for (const ValueTick& tick : axis_.ticks) {
      label_width = std::max(label_width, DisplayWidth(tick.label));
    }
    margin_ = std::max(kUsualMargin, static_cast<int>(label_width) + 2);
  }

  // 0 at the bottom, 1 at the top. Halved, as the distance of the largest numbers is none.
  double HeightOf(double value) const {
    return (value / 2 - axis_.low / 2) / (axis_.high / 2 - axis_.low / 2);
  }
  int DotRow(double value) const {
    const int dots = lines_ * Canvas::kDotsDown;
    return static_cast<int>(std::lround((1 - HeightOf(value)) * (dots - 1)));
  }

  double SpanMs() const {
    return std::max<double>(1, static_cast<double>(options_.end_ms - options_.start_ms));
  }

  void DrawSeries(const PlotSeries& series, int owner, Canvas* canvas) const {
    bool joined = false;
    int last_x = 0;
    int last_y = 0;
    int64_t last_ms = 0;
    for (size_t i = 0; i < series.values.size(); ++i) {
      if (!std::isfinite(series.values[i])) {
        joined = false;
        continue;
      }
      const double across = static_cast<double>(series.times_ms[i] - options_.start_ms) / SpanMs();
      const int x = static_cast<int>(std::lround(across * (canvas->dots_across() - 1)));
      const int y = DotRow(series.values[i]);
      const bool near = options_.step_ms == 0 || series.times_ms[i] - last_ms <= options_.step_ms;
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

  std::string Dim(std::string_view text) const {
    return style_.color ? fmt::format("\x1b[90m{}\x1b[0m", text) : std::string(text);
  }

  std::string Drawing(const Canvas& canvas) const {
    std::vector<std::string> labels(lines_);
    std::vector<bool> ticked(lines_, false);
    for (const ValueTick& tick : axis_.ticks) {
      const int line = std::clamp(DotRow(tick.value) / Canvas::kDotsDown, 0, lines_ - 1);
      labels[line] = tick.label;
      ticked[line] = true;
    }
    const std::string line = Dim(style_.unicode ? "│" : "|");
    const std::string tick = Dim(style_.unicode ? "┤" : "+");
    // Faint lines help the eye across; without colours they would pass for a series.
    const std::string_view grid = "┈";
    std::string text;
    for (int y = 0; y < lines_; ++y) {
      const bool with_grid = ticked[y] && style_.color && style_.unicode;
      text += PadLeft(labels[y], margin_ - 2) + " " + (ticked[y] ? tick : line);
      text += canvas.Row(y, style_, with_grid ? grid : " ");
      text.erase(text.find_last_not_of(' ') + 1);
      text += '\n';
    }
    return text;
  }

  // The axis and below it the times, as many as have room.
  std::string TimeAxis() const {
    constexpr int kRoomPerLabel = 14;
    const int64_t gap_ms = static_cast<int64_t>(SpanMs() * kRoomPerLabel / width_);
    std::string labels(margin_ + width_, ' ');
    std::vector<bool> ticked(width_, false);
    size_t free_from = 0;
    // The zone's name stands before the times, so that they are not taken for another's.
    const std::string zone =
        Shorten(TimeZoneName(options_.end_ms), static_cast<size_t>(margin_ - 5), style_.unicode);
    labels.replace(0, margin_ - 5, PadLeft(zone, margin_ - 5));
    free_from = margin_ - 4;
    for (const TimeTick& tick :
         MakeTimeTicks(options_.start_ms, options_.end_ms, std::max<int64_t>(1, gap_ms))) {
      const double across = static_cast<double>(tick.time_ms - options_.start_ms) / SpanMs();
      const int x = static_cast<int>(std::lround(across * (width_ * Canvas::kDotsAcross - 1))) /
                    Canvas::kDotsAcross;
      ticked[x] = true;
      const size_t at =
          std::min(margin_ + x - tick.label.size() / 2, labels.size() - tick.label.size());
      if (at < free_from) continue;
      labels.replace(at, tick.label.size(), tick.label);
      free_from = at + tick.label.size() + 2;
    }
    std::string line;
    for (const bool tick : ticked) {
      line += style_.unicode ? (tick ? "┬" : "─") : (tick ? "+" : "-");
    }
    labels.erase(labels.find_last_not_of(' ') + 1);
    return std::string(margin_ - 1, ' ') + Dim((style_.unicode ? "└" : "+") + line) + '\n' +
           labels + '\n';
  }

  std::string Legend() const {
    std::vector<std::array<std::string, 3>> cells = {{"last", "min", "max"}};
    for (const size_t i : drawn_) {
      const Figures& figures = figures_[i];
      const PlotUnit unit = options_.unit;
      cells.push_back(figures.any
                          ? std::array<std::string, 3>{FormatQuantity(figures.last, unit),
                                                       FormatQuantity(figures.least, unit),
                                                       FormatQuantity(figures.greatest, unit)}
                          : std::array<std::string, 3>{"-", "-", "-"});
    }
    std::array<size_t, 3> widths = {};
    for (const auto& row : cells) {
      for (size_t x = 0; x < row.size(); ++x) widths[x] = std::max(widths[x], DisplayWidth(row[x]));
    }
    constexpr size_t kMarkWidth = 4;
    constexpr size_t kMinNameWidth = 12;
    const size_t figures_width = widths[0] + widths[1] + widths[2] + 6;
    const auto total = static_cast<size_t>(std::max(0, options_.width));
    const size_t room = total > figures_width + kMarkWidth ? total - figures_width - kMarkWidth : 0;
    size_t name_width = 0;
    for (const size_t i : drawn_) {
      name_width = std::max(name_width, DisplayWidth(Printable(all_[i].name)));
    }
    name_width = std::min(name_width, std::max(room, kMinNameWidth));
    std::string text;
    for (size_t y = 0; y < cells.size(); ++y) {
      const std::string name =
          y == 0 ? "" : Shorten(Printable(all_[drawn_[y - 1]].name), name_width, style_.unicode);
      const std::string mark = y == 0 ? " " : Canvas::Mark(static_cast<int>(y) - 1, style_);
      std::string line = PadRight(name, name_width);
      for (size_t x = 0; x < 3; ++x) line += "  " + PadLeft(cells[y][x], widths[x]);
      text += fmt::format("  {} {}\n", mark, y == 0 ? Dim(line) : line);
    }
    if (drawn_.size() < all_.size()) {
      text += fmt::format("  {} more series are not drawn; use topk() or the like\n",
                          all_.size() - drawn_.size());
    }
    return text;
  }

  const std::vector<PlotSeries>& all_;
  const PlotOptions& options_;
  std::vector<Figures> figures_;  // Of all.
  std::vector<size_t> drawn_;
  CanvasStyle style_;
  ValueAxis axis_;
  int margin_ = 0;  // Columns before the drawing.
  int width_ = 0;   // Of the drawing.
  int lines_ = 0;
};

}  // namespace

int PlotPoints(int width) {
  return std::max(kMinDrawingWidth, width - kUsualMargin - 1) * Canvas::kDotsAcross;
}

std::string Plot(const std::vector<PlotSeries>& series, const PlotOptions& options) {
  return Chart(series, options).Draw();
}

}  // namespace vigil::cli
