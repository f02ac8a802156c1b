// SPDX-License-Identifier: Apache-2.0
#include "cli/backtest/timeline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "cli/text/display.h"

namespace vigil::cli {
namespace {

constexpr size_t kDefaultWidth = 100;
// With less, parts of the range say nothing.
constexpr size_t kMinColumns = 20;
constexpr size_t kGap = 2;
// "2026-11-29 20:00:00".
constexpr size_t kTimeWidth = 19;

// Of a part of a character.
constexpr double kRounding = 1e-9;

constexpr std::array<std::string_view, 9> kBars = {"·", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 9> kPlainBars = {".", "-", "-", "-", "=",
                                                        "=", "#", "#", "#"};

std::string Bars(const TimelineRow& row, TimeRange range, size_t columns, bool unicode) {
  // The last instant belongs to the range.
  const auto length = static_cast<double>(range.end_ms - range.start_ms + 1);
  std::vector<double> covered(columns, 0);
  for (const TimeRange& spell : row.spells) {
    const auto place = [&](int64_t time_ms) {
      const auto at = static_cast<double>(std::clamp(time_ms, range.start_ms, range.end_ms + 1) -
                                          range.start_ms);
      return at / length * static_cast<double>(columns);
    };
    const double begin = place(spell.start_ms);
    const double end = place(spell.end_ms);
    for (auto x = static_cast<size_t>(begin); x < columns && static_cast<double>(x) < end; ++x) {
      covered[x] +=
          std::min(end, static_cast<double>(x + 1)) - std::max(begin, static_cast<double>(x));
    }
  }
  const auto& bars = unicode ? kBars : kPlainBars;
  std::string text;
  for (const double part : covered) {
    // What is there shows, however short.
    const double level = std::ceil(std::min(part, 1.0) * (kBars.size() - 1) - kRounding);
    text += bars[part > kRounding ? static_cast<size_t>(std::max(1.0, level)) : 0];
  }
  return text;
}

}  // namespace

std::string ReadableTime(int64_t unix_ms) {
  std::string text = FormatInstantMs(unix_ms).substr(0, kTimeWidth);
  text[10] = ' ';
  return text;
}

std::string TimelineText(const std::vector<TimelineRow>& rows, TimeRange range, size_t max_rows,
                         const Terminal& terminal) {
  if (rows.empty()) return "";
  const size_t width = terminal.width > 0 ? static_cast<size_t>(terminal.width) : kDefaultWidth;
  const size_t shown = std::min(rows.size(), max_rows);
  size_t label_width = 0;
  for (size_t i = 0; i < shown; ++i) {
    label_width = std::max(label_width, DisplayWidth(Printable(rows[i].label)));
  }
  // Half of the width for labels at most.
  label_width = std::min(label_width, width / 2);
  const size_t columns = std::max(kMinColumns, width - std::min(width, label_width + kGap));
  const std::string from = ReadableTime(range.start_ms);
  const std::string to = ReadableTime(range.end_ms);
  std::string text = std::string(label_width + kGap, ' ') + from;
  if (columns > 2 * kTimeWidth) text += std::string(columns - 2 * kTimeWidth, ' ') + to;
  text += '\n';
  for (size_t i = 0; i < shown; ++i) {
    const std::string label = Shorten(Printable(rows[i].label), label_width, terminal.unicode);
    text += fmt::format("{}{}{}\n", PadRight(label, label_width), std::string(kGap, ' '),
                        Bars(rows[i], range, columns, terminal.unicode));
  }
  if (shown < rows.size()) text += fmt::format("and {} more\n", rows.size() - shown);
  return text;
}

}  // namespace vigil::cli
