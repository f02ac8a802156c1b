// SPDX-License-Identifier: Apache-2.0
#include "cli/explain_output.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/byte_size.h"
#include "base/clock.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kNanosPerSecond = 1e9;

double Milliseconds(int64_t nanos) { return static_cast<double>(nanos) / kNanosPerMilli; }

double Seconds(int64_t nanos) { return static_cast<double>(nanos) / kNanosPerSecond; }

// On one line, under the parts around it.
std::string PartText(const v1::PlanNode& node) {
  std::string text(2 * node.depth(), ' ');
  bool space = false;
  for (const char c : node.text()) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank && space) text += ' ';
    if (!blank) text += c;
    space = blank;
  }
  return text;
}

Table PartsTable(const v1::Explanation& explanation) {
  Table table({"part", "series", "milliseconds", "note"});
  for (const v1::PlanNode& node : explanation.nodes()) {
    table.Add({PartText(node), fmt::to_string(node.series()),
               fmt::format("{:.3f}", Milliseconds(node.time_ns())),
               node.streamed() ? "read by the part around it" : ""});
  }
  return table;
}

std::string Totals(const v1::Explanation& explanation) {
  return fmt::format(
      "\nread: {} samples, {} blocks of {}\nheld: at most {} samples at once\n"
      "time: {:.3f} ms finding series, {:.3f} ms reading and computing, {:.3f} ms sorting\n",
      explanation.samples_read(), explanation.blocks(), FormatByteSize(explanation.block_bytes()),
      explanation.peak_samples(), Milliseconds(explanation.preparation_ns()),
      Milliseconds(explanation.evaluation_ns()), Milliseconds(explanation.sorting_ns()));
}

Json ToJson(const v1::Explanation& explanation) {
  Json nodes = Json::array();
  for (const v1::PlanNode& node : explanation.nodes()) {
    nodes.push_back({{"text", node.text()},
                     {"depth", node.depth()},
                     {"series", node.series()},
                     {"seconds", Seconds(node.time_ns())},
                     {"streamed", node.streamed()}});
  }
  return {{"nodes", std::move(nodes)},
          {"preparationSeconds", Seconds(explanation.preparation_ns())},
          {"evaluationSeconds", Seconds(explanation.evaluation_ns())},
          {"sortingSeconds", Seconds(explanation.sorting_ns())},
          {"samplesRead", explanation.samples_read()},
          {"peakSamples", explanation.peak_samples()},
          {"blocks", explanation.blocks()},
          {"blockBytes", explanation.block_bytes()}};
}

}  // namespace

Answer AnswerOf(const v1::Explanation& explanation) {
  return {.json = [&explanation] { return ToJson(explanation); },
          .table = [&explanation] { return PartsTable(explanation); },
          .text =
              [&explanation](const Terminal& terminal) {
                return PartsTable(explanation).ToText(terminal) + Totals(explanation);
              }};
}

}  // namespace vigil::cli
