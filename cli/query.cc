// SPDX-License-Identifier: Apache-2.0
//
// `vigil query`: PromQL at an instant or over a range.
#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/query_call.h"
#include "cli/watch.h"

namespace vigil::cli {
namespace {

struct QueryOptions {
  ClientOptions client;
  QueryCall call;
  WatchOptions watch;
};

int Run(const QueryOptions& options) {
  const QueryCall& call = options.call;
  if (call.is_range() && !call.time.empty()) {
    return UsageError(
        "--time asks for one instant, --start, --end, --last, --step and --plot for a "
        "range: give one or the other");
  }
  const Client client(options.client);
  return RunOrWatch(options.watch, call.query,
                    [&](const Terminal& terminal) { return AskQuery(call, client, terminal); });
}

}  // namespace

void AddQuery(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<QueryOptions>();
  CLI::App* const command = program->add_subcommand(
      "query", "Ask a PromQL question, at an instant or, with a range, over time");
  QueryCall& call = options->call;
  command->add_option("promql", call.query, "The expression")->required();
  command->add_option("--time", call.time, "The instant (default: now)")->type_name("TIME");
  call.range.AddTo(command);
  command->add_option("--step", call.step, "Distance of points in a range, for example 30s")
      ->type_name("DURATION");
  command->add_flag("--plot", call.plot, "Draw the range as a chart (default: the last hour)");
  command
      ->add_option("--unit", call.unit,
                   "What a chart's values count; auto goes by the names of metrics")
      ->check(CLI::IsMember({"auto", "none", "bytes", "seconds", "percent"}))
      ->capture_default_str();
  command->add_flag(
      "--explain", call.explain,
      "Show how the answer comes about, with series, blocks and times, not the answer");
  options->watch.AddTo(command);
  options->client.AddTo(command);
  command->footer(
      "Examples:\n"
      "  vigil query 'sum by (model) (rate(llm_requests_total[5m]))'\n"
      "  vigil query 'llm_requests_total' --last 30m --step 1m -o csv\n"
      "  vigil query 'histogram_quantile(0.95, sum by (le) (rate(rt_seconds_bucket[5m])))' "
      "--last 6h --plot\n"
      "  vigil query --explain 'topk(3, rate(llm_requests_total[5m]))' --last 1d\n"
      "  vigil query --watch 5s 'sum(rate(llm_requests_total[1m]))' --last 15m --plot");
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
