// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cstdint>
#include <random>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "cli/transfer/json_lines.h"
#include "cli/transfer/open_metrics.h"
#include "cli/transfer/sample_value.h"
#include "tests/testing/text_test.h"

namespace vigil::cli {
namespace {

using testing::TextCase;

std::string FromJson(std::string line) {
  JsonLineParser parser;
  v1::SeriesSamples series;
  LineError error;
  if (!parser.Parse(&line, &series, &error)) {
    return fmt::format("{}: {}\n", error.column, error.message);
  }
  std::string text;
  AppendJsonLine(series, &text);
  return text;
}

// What the lines of an OpenMetrics text say, as JSON.
std::string FromOpenMetrics(std::string_view input) {
  OpenMetricsParser parser;
  OpenMetricsParser::Sample sample;
  std::string text;
  uint64_t number = 0;
  for (const std::string_view line : Split(input, '\n')) {
    ++number;
    LineError error;
    const auto result = parser.Parse(line, &sample, &error);
    if (result == OpenMetricsParser::Result::kError) {
      text += fmt::format("{}:{}: {}\n", number, error.column, error.message);
    }
    if (result != OpenMetricsParser::Result::kSample) continue;
    v1::SeriesSamples series = sample.series;
    series.add_times_ms(sample.time_ms);
    series.add_values(sample.value);
    AppendJsonLine(series, &text);
  }
  return text + (parser.ended() ? "ended\n" : "cut off\n");
}

std::string ToOpenMetrics(std::string_view input) {
  JsonLineParser parser;
  OpenMetricsWriter writer;
  std::string text;
  for (const std::string_view line : Split(input, '\n')) {
    std::string copy(line);
    v1::SeriesSamples series;
    LineError error;
    EXPECT_TRUE(parser.Parse(&copy, &series, &error)) << error.message;
    writer.Append(series, &text);
  }
  writer.Finish(&text);
  if (writer.histograms_left_out() > 0) {
    text += fmt::format("{} left out\n", writer.histograms_left_out());
  }
  return text;
}

std::string RunCase(const TextCase& text_case) {
  if (text_case.command == "from-openmetrics") return FromOpenMetrics(text_case.input);
  if (text_case.command == "to-openmetrics") return ToOpenMetrics(text_case.input);
  std::string text;
  for (const std::string_view line : Split(text_case.input, '\n')) {
    text += FromJson(std::string(line));
  }
  return text;
}

TEST(TextTest, Json) { testing::RunTextScript("tests/cli/transfer/testdata/json.txt", RunCase); }
TEST(TextTest, OpenMetrics) {
  testing::RunTextScript("tests/cli/transfer/testdata/openmetrics.txt", RunCase);
}

// Of all exponents and signs, with NaNs of any payload.
TEST(TextTest, EveryDoubleSurvives) {
  constexpr uint64_t kSeed = 20261129;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937_64 random(kSeed);
  JsonLineParser parser;
  for (int i = 0; i < 2000; ++i) {
    v1::SeriesSamples series;
    v1::Label* const label = series.add_labels();
    label->set_name("__name__");
    label->set_value("m");
    for (int k = 0; k < 20; ++k) {
      uint64_t bits = random();
      if (random() % 8 == 0) bits |= 0x7FF0000000000000;
      if (random() % 8 == 0) bits &= 0xFFFFFFFF00000000;
      series.add_values(std::bit_cast<double>(bits));
      series.add_times_ms(static_cast<int64_t>(random() >> 20));
    }
    std::string line;
    AppendJsonLine(series, &line);
    v1::SeriesSamples read;
    LineError error;
    ASSERT_TRUE(parser.Parse(&line, &read, &error)) << line << error.message;
    OpenMetricsWriter writer;
    OpenMetricsParser open_metrics;
    OpenMetricsParser::Sample sample;
    std::string text;
    writer.Append(series, &text);
    int samples = 0;
    for (const std::string_view one : Split(text, '\n')) {
      if (open_metrics.Parse(one, &sample, &error) != OpenMetricsParser::Result::kSample) continue;
      ASSERT_EQ(std::bit_cast<uint64_t>(sample.value),
                std::bit_cast<uint64_t>(series.values(samples)))
          << one;
      ASSERT_EQ(sample.time_ms, series.times_ms(samples)) << one;
      ++samples;
    }
    ASSERT_EQ(samples, series.values_size());
    for (int k = 0; k < series.values_size(); ++k) {
      ASSERT_EQ(std::bit_cast<uint64_t>(read.values(k)), std::bit_cast<uint64_t>(series.values(k)))
          << line;
      ASSERT_EQ(read.times_ms(k), series.times_ms(k));
    }
  }
}

// Whatever bytes a line has, it is taken or refused, at a place within it.
TEST(TextTest, HostileLinesAreRefused) {
  constexpr uint64_t kSeed = 7;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937_64 random(kSeed);
  const std::string json =
      R"({"metric":{"__name__":"a","b":"c\n"},"values":[1,"NaN"],"timestamps":[1,2]})";
  const std::string text = R"(a{b="c\n",d="e"} 1.5 1700000000.5 # {trace="x"} 1)";
  JsonLineParser parser;
  for (int i = 0; i < 20000; ++i) {
    for (std::string line : {json, text}) {
      for (uint64_t edits = random() % 3 + 1; edits > 0 && !line.empty(); --edits) {
        const size_t at = random() % line.size();
        if (random() % 2 == 0) {
          line[at] = static_cast<char>(random());
        } else {
          line.erase(at, random() % 4);
        }
      }
      LineError error;
      v1::SeriesSamples series;
      OpenMetricsParser::Sample sample;
      const size_t size = line.size();
      if (OpenMetricsParser().Parse(line, &sample, &error) == OpenMetricsParser::Result::kError) {
        EXPECT_LE(error.column, size + 1) << line;
      }
      if (!parser.Parse(&line, &series, &error)) {
        EXPECT_LE(error.column, size + 1) << line;
      }
    }
  }
}

}  // namespace
}  // namespace vigil::cli
