// SPDX-License-Identifier: Apache-2.0
#include "cli/plot/plot.h"

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/strings.h"
#include "cli/text/display.h"
#include "tests/testing/text_test.h"

namespace vigil::cli {
namespace {

using testing::TextCase;

constexpr int64_t kStartMs = 1'767'322'800'000;  // 2026-01-02T03:00:00Z

PlotUnit UnitOf(const std::string& name) {
  return name == "bytes"     ? PlotUnit::kBytes
         : name == "seconds" ? PlotUnit::kSeconds
         : name == "percent" ? PlotUnit::kPercent
                             : PlotUnit::kNone;
}

TEST(PlotTest, Script) {
  const auto run = [](const TextCase& text_case) {
    const int64_t step_ms = std::stoll(text_case.Arg("step")) * 1000;
    const int64_t points = std::stoll(text_case.Arg("points"));
    PlotOptions options;
    options.width = std::stoi(text_case.Arg("width"));
    options.height = std::stoi(text_case.Arg("height"));
    options.color = text_case.Arg("color") == "yes";
    options.unicode = text_case.Arg("ascii") != "yes";
    options.unit = UnitOf(text_case.Arg("unit"));
    ::setenv("TZ", text_case.Arg("zone", "UTC").c_str(), 1);
    ::tzset();
    options.start_ms = kStartMs;
    options.end_ms = kStartMs + (points - 1) * step_ms;
    options.step_ms = step_ms;
    std::vector<PlotSeries> series;
    for (const std::string_view line : Split(text_case.input, '\n')) {
      if (line.empty()) continue;
      const std::vector<std::string_view> words = Split(line, ' ');
      PlotSeries& added = series.emplace_back();
      added.name = words[0];
      for (size_t i = 1; i < words.size(); ++i) {
        double value = 0;
        if (!ParseDouble(words[i], &value)) continue;
        added.times_ms.push_back(kStartMs + static_cast<int64_t>(i - 1) * step_ms);
        added.values.push_back(value);
      }
    }
    return Plot(series, options);
  };
  testing::RunTextScript("tests/cli/plot/testdata/plot.txt", run);
}

TEST(PlotTest, ExtremesAreDrawnToo) {
  PlotOptions options;
  options.width = 30;
  options.height = 3;
  options.end_ms = 1000;
  options.step_ms = 1000;
  constexpr double kMax = std::numeric_limits<double>::max();
  const std::vector<double> values = {-kMax, kMax};
  const std::string chart =
      Plot({{"huge", {0, 1000}, values}, {"odd\x1b[2J\n", {0}, {1}}}, options);
  EXPECT_EQ(chart.find('\x1b'), std::string::npos) << "names cannot steer the terminal";
  EXPECT_NE(chart.find("huge"), std::string::npos);
  // One instant, no height: still a chart.
  options.end_ms = 0;
  options.height = 1;
  EXPECT_FALSE(Plot({{"a", {0}, {1}}}, options).empty());
}

// Lines of a chart, without colours.
std::vector<std::string> LinesOf(const std::string& chart) {
  std::vector<std::string> lines;
  for (const std::string_view line : Split(Trim(chart), '\n')) lines.emplace_back(line);
  return lines;
}

TEST(PlotTest, FitsAnyTerminal) {
  std::vector<PlotSeries> series;
  for (int i = 0; i < 15; ++i) {
    PlotSeries& one = series.emplace_back();
    one.name = "llm_requests_total{endpoint=\"/v1/chat/completions\", model=\"model-" +
               std::to_string(i) + "\", status=\"error\"}";
    for (int64_t t = 0; t <= 600; ++t) {
      one.times_ms.push_back(kStartMs + t * 15'000);
      one.values.push_back(1e6 * std::sin(static_cast<double>(t * (i + 1)) / 100));
    }
  }
  for (const bool unicode : {true, false}) {
    for (int width = 56; width <= 250; width += 19) {
      for (int height = 24; height <= 70; height += 23) {
        PlotOptions options;
        options.width = width;
        options.height = height;
        options.unicode = unicode;
        options.start_ms = kStartMs;
        options.end_ms = kStartMs + 600 * 15'000;
        options.step_ms = 15'000;
        const std::vector<std::string> lines = LinesOf(Plot(series, options));
        EXPECT_LE(lines.size(), static_cast<size_t>(height));
        for (const std::string& line : lines) {
          EXPECT_LE(DisplayWidth(line), static_cast<size_t>(width)) << line;
        }
      }
    }
  }
}

TEST(PlotTest, PointsForAWidthAreItsDots) {
  EXPECT_EQ(PlotPoints(80), 138);
  EXPECT_EQ(PlotPoints(0), 20);
}

}  // namespace
}  // namespace vigil::cli
