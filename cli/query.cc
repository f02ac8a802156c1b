// SPDX-License-Identifier: Apache-2.0
//
// `vigil query`: PromQL at an instant or over a range.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/clock.h"
#include "base/status.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/query_output.h"
#include "cli/time_options.h"
#include "proto/vigil/v1/query.grpc.pb.h"

namespace vigil::cli {
namespace {

// Points across a range when no step is given: about one for each dot of a chart.
constexpr int64_t kDefaultPoints = 200;

struct QueryOptions {
  ClientOptions client;
  TimeOptions range;
  std::string query;
  std::string time;
  std::string step;
  bool plot = false;
};

PlotOptions PlotOptionsFor(const v1::QueryRangeRequest& request) {
  PlotOptions options;
  winsize window = {};
  options.color = ::isatty(STDOUT_FILENO) != 0;
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) {
    options.width = std::max<int>(40, window.ws_col);
    options.height = std::clamp<int>(window.ws_row - 10, 8, 24);
  }
  options.start_ms = request.start_ms();
  options.end_ms = request.end_ms();
  options.step_ms = request.step_ms();
  return options;
}

void PrintNotes(const v1::QueryResponse& response) {
  for (const std::string& warning : response.warnings()) fmt::print(stderr, "{}\n", warning);
  for (const std::string& info : response.infos()) fmt::print(stderr, "{}\n", info);
}

absl::StatusOr<v1::QueryRangeRequest> RangeRequest(const QueryOptions& options, int64_t now_ms) {
  VIGIL_ASSIGN_OR_RETURN(const TimeRange range, options.range.Resolve(now_ms, kMillisPerHour));
  v1::QueryRangeRequest request;
  request.set_query(options.query);
  request.set_start_ms(range.start_ms);
  request.set_end_ms(range.end_ms);
  int64_t step_ms = std::max((range.end_ms - range.start_ms) / kDefaultPoints, kMillisPerSecond);
  if (!options.step.empty()) {
    VIGIL_ASSIGN_OR_RETURN_WITH(step_ms, ParseDurationMs(options.step), "--step");
    if (step_ms <= 0) return absl::InvalidArgumentError("--step must be more than 0");
  }
  request.set_step_ms(step_ms);
  return request;
}

int RunRange(const QueryOptions& options, v1::QueryService::Stub& stub, const Client& client) {
  const absl::StatusOr<v1::QueryRangeRequest> request =
      RangeRequest(options, SystemClock().NowMs());
  if (!request.ok()) return UsageError(MessageOf(request.status()));
  v1::QueryResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status = stub.QueryRange(&context, *request, &response);
  if (!status.ok()) return client.Finish(status);
  PrintNotes(response);
  if (options.plot) {
    Print(response.matrix().series().empty() ? "no data in this range\n"
                                             : PlotResult(response, PlotOptionsFor(*request)));
  } else {
    Print(FormatResult(response, options.client.format));
  }
  return kExitOk;
}

int RunInstant(const QueryOptions& options, v1::QueryService::Stub& stub, const Client& client) {
  v1::QueryRequest request;
  request.set_query(options.query);
  const int64_t now_ms = SystemClock().NowMs();
  const absl::StatusOr<int64_t> time_ms =
      options.time.empty() ? now_ms : ParseInstantMs(options.time, now_ms);
  if (!time_ms.ok()) return UsageError(fmt::format("--time: {}", MessageOf(time_ms.status())));
  request.set_time_ms(*time_ms);
  v1::QueryResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status = stub.Query(&context, request, &response);
  if (!status.ok()) return client.Finish(status);
  PrintNotes(response);
  Print(FormatResult(response, options.client.format));
  return kExitOk;
}

int Run(const QueryOptions& options) {
  const bool range = options.plot || options.range.given() || !options.step.empty();
  if (range && !options.time.empty()) {
    return UsageError(
        "--time asks for one instant, --start, --end, --last, --step and --plot for a "
        "range: give one or the other");
  }
  const Client client(options.client);
  const std::unique_ptr<v1::QueryService::Stub> stub = v1::QueryService::NewStub(client.channel());
  return range ? RunRange(options, *stub, client) : RunInstant(options, *stub, client);
}

}  // namespace

void AddQuery(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<QueryOptions>();
  CLI::App* const command = program->add_subcommand(
      "query", "Ask a PromQL question, at an instant or, with a range, over time");
  command->add_option("promql", options->query, "The expression, for example 'sum(rate(x[5m]))'")
      ->required();
  command->add_option("--time", options->time, "The instant (default: now)");
  options->range.AddTo(command);
  command->add_option("--step", options->step, "Distance of points in a range, for example 30s");
  command->add_flag("--plot", options->plot, "Draw the range as a chart");
  options->client.AddTo(command);
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
