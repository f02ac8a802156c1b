// SPDX-License-Identifier: Apache-2.0
//
// Runs testdata/dump.txt:
//
//   float [shared=N]            lines "time value" -> the dump of a float block
//   histogram                   lines "time schema count sum offset counts..." -> of a histogram
//   block rows [time=column]          lines "column:type=value ..." -> the dump of a row block
//   damaged                     the dumps of bytes that are no block
#include "storage/block/dump.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/status.h"
#include "base/strings.h"
#include "storage/block/row_block_builder.h"
#include "storage/model/sample.h"
#include "tests/testing/text_test.h"

namespace vigil::storage {
namespace {

using ::vigil::testing::TextCase;

double ParseValue(std::string_view text) {
  double value = 0;
  if (text == "stale") return StaleNan();
  VIGIL_CHECK(ParseDouble(text, &value));
  return value;
}

int64_t ParseInt(std::string_view text) {
  return std::strtoll(std::string(text).c_str(), nullptr, 10);
}

std::vector<std::vector<std::string_view>> Lines(const TextCase& text_case) {
  std::vector<std::vector<std::string_view>> lines;
  for (const std::string_view line : Split(text_case.input, '\n')) {
    lines.push_back(Split(line, ' '));
  }
  return lines;
}

std::string DumpFloats(const TextCase& text_case) {
  std::vector<int64_t> times;
  std::vector<double> values;
  for (const auto& words : Lines(text_case)) {
    times.push_back(ParseInt(words[0]));
    values.push_back(ParseValue(words[1]));
  }
  std::optional<uint64_t> shared;
  if (!text_case.Arg("shared").empty()) {
    shared = static_cast<uint64_t>(ParseInt(text_case.Arg("shared")));
  }
  const auto lookup = [&times](uint64_t, TimeRange) -> absl::StatusOr<TimesPtr> {
    return std::make_shared<const std::vector<int64_t>>(times);
  };
  return DumpMetricBlock(EncodeFloatBlock(times, values, shared), lookup);
}

absl::StatusOr<TimesPtr> NoSharedTimes(uint64_t, TimeRange) { return absl::NotFoundError("none"); }

std::string DumpHistograms(const TextCase& text_case) {
  std::vector<int64_t> times;
  std::vector<HistogramPtr> histograms;
  for (const auto& words : Lines(text_case)) {
    times.push_back(ParseInt(words[0]));
    Histogram histogram;
    histogram.schema = static_cast<int8_t>(ParseInt(words[1]));
    histogram.count = ParseValue(words[2]);
    histogram.sum = ParseValue(words[3]);
    for (size_t i = 5; i < words.size(); ++i) {
      histogram.positive_counts.push_back(ParseValue(words[i]));
    }
    histogram.positive_spans = {{static_cast<int32_t>(ParseInt(words[4])),
                                 static_cast<uint32_t>(histogram.positive_counts.size())}};
    histograms.push_back(std::make_shared<const Histogram>(histogram));
  }
  return DumpMetricBlock(EncodeHistogramBlock(times, histograms), NoSharedTimes);
}

// Sets the entry that "column:type=value" says.
void SetEntry(std::string_view entry, RowBlockBuilder* builder) {
  const std::string_view name = entry.substr(0, entry.find(':'));
  const std::string_view typed = entry.substr(name.size() + 1);
  const std::string_view type = typed.substr(0, typed.find('='));
  const std::string_view value = typed.substr(type.size() + 1);
  if (type == "int") {
    builder->SetInt(builder->AddColumn(name, ColumnType::kInt), ParseInt(value));
  } else if (type == "double") {
    builder->SetDouble(builder->AddColumn(name, ColumnType::kDouble), ParseValue(value));
  } else if (type == "string") {
    builder->SetString(builder->AddColumn(name, ColumnType::kString), value);
    builder->AddTokens(value);
  } else if (type == "bool") {
    builder->SetBool(builder->AddColumn(name, ColumnType::kBool), value == "true");
  } else if (type == "id16") {
    builder->SetId(builder->AddColumn(name, ColumnType::kId16), TraceId::FromHexText(value));
  } else if (type == "id8") {
    builder->SetId(builder->AddColumn(name, ColumnType::kId8), SpanId::FromHexText(value));
  } else {
    // A value that is a list of texts.
    ValueList list;
    for (const std::string_view text : Split(value, ',')) list.push_back({std::string(text)});
    builder->SetValue(builder->AddColumn(name, ColumnType::kValue), {std::move(list)});
  }
}

std::string DumpRows(const TextCase& text_case) {
  RowBlockBuilder builder;
  for (const auto& words : Lines(text_case)) {
    builder.AddRow();
    for (const std::string_view word : words) {
      if (!word.empty()) SetEntry(word, &builder);
    }
  }
  return DumpRowBlock(builder.Finish(text_case.Arg("time")));
}

std::string RunCase(const TextCase& text_case) {
  if (text_case.command == "float") return DumpFloats(text_case);
  if (text_case.command == "histogram") return DumpHistograms(text_case);
  if (text_case.command == "rows") return DumpRows(text_case);
  if (text_case.command == "damaged") {
    return DumpMetricBlock("no block", NoSharedTimes) + DumpRowBlock("no block");
  }
  return fmt::format("unknown command {}", text_case.command);
}

TEST(Dump, Script) {
  vigil::testing::RunTextScript("tests/storage/block/testdata/dump.txt", RunCase);
}

}  // namespace
}  // namespace vigil::storage
