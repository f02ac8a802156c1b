// SPDX-License-Identifier: Apache-2.0
//
// Asks range queries one after another, and says how long each takes until the last byte of its
// answer is there. The same client for all systems; answers are looked at after the clock stopped.
//
//   query_load --server HOST:PORT --start-ms MS --end-ms MS --step-ms MS [--repetitions N] <
//   QUERIES
//
// A query a line. Prints a line of JSON for each: query, series, points, milliseconds (of each
// repetition) or error.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "benchmarks/load/querier.h"

namespace vigil::load {
namespace {

struct Options {
  std::string server;
  QueryRange range;
  int repetitions = 5;
};

// One query, as often as it is to be asked.
nlohmann::ordered_json Measure(const Options& options, const std::string& query, Querier* querier) {
  nlohmann::ordered_json result = {{"query", query}};
  std::vector<double> milliseconds;
  std::string answer;
  for (int i = 0; i < options.repetitions; ++i) {
    answer.clear();
    const int64_t begin_ns = MonotonicNs();
    const std::string error = querier->Ask(query, options.range, &answer);
    milliseconds.push_back(static_cast<double>(MonotonicNs() - begin_ns) / 1e6);
    if (!error.empty()) {
      result["error"] = error;
      return result;
    }
  }
  const AnswerSize size = querier->SizeOf(answer);
  result["series"] = size.series;
  result["points"] = size.points;
  result["milliseconds"] = milliseconds;
  return result;
}

int Run(const Options& options) {
  const std::unique_ptr<Querier> querier = MakeHttpQuerier(options.server);
  std::string query;
  bool failed = false;
  while (std::getline(std::cin, query)) {
    if (query.empty()) continue;
    const nlohmann::ordered_json result = Measure(options, query, querier.get());
    failed |= result.contains("error");
    fmt::print("{}\n", result.dump());
  }
  return failed ? 1 : 0;
}

}  // namespace
}  // namespace vigil::load

int main(int argc, char** argv) {
  vigil::load::Options options;
  CLI::App program("Asks range queries one after another and says how long each takes.");
  program.add_option("--server", options.server, "HOST:PORT")->required();
  program.add_option("--start-ms", options.range.start_ms, "Unix milliseconds")->required();
  program.add_option("--end-ms", options.range.end_ms, "Likewise")->required();
  program.add_option("--step-ms", options.range.step_ms, "Between points")->required();
  program.add_option("--repetitions", options.repetitions, "Of each query")->capture_default_str();
  CLI11_PARSE(program, argc, argv);
  return vigil::load::Run(options);
}
