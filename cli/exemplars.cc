// SPDX-License-Identifier: Apache-2.0
//
// `vigil exemplars`: single observations of series, with the traces that they were made in.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"
#include "base/strings.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/exemplars_output.h"
#include "cli/time_options.h"
#include "proto/vigil/v1/query.grpc.pb.h"

namespace vigil::cli {
namespace {

struct ExemplarOptions {
  ClientOptions client;
  TimeOptions range;
  std::vector<std::string> matches;
};

int RunExemplars(const ExemplarOptions& options) {
  const absl::StatusOr<TimeRange> range =
      options.range.Resolve(SystemClock().NowMs(), kMillisPerHour);
  if (!range.ok()) return UsageError(MessageOf(range.status()));
  v1::ExemplarsRequest request;
  for (const std::string& match : options.matches) request.add_matches(match);
  request.set_start_ms(range->start_ms);
  request.set_end_ms(range->end_ms);
  const Client client(options.client);
  v1::ExemplarsResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status =
      v1::QueryService::NewStub(client.channel())->Exemplars(&context, request, &response);
  if (!status.ok()) {
    return client.Finish(status, options.matches.size() == 1 ? options.matches.front() : "");
  }
  return Deliver(client.Show(AnswerOf(response), StandardOutput()));
}

}  // namespace

void AddExemplars(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<ExemplarOptions>();
  CLI::App* const command = program->add_subcommand(
      "exemplars", "List exemplars of the series that selectors match (default: the last hour)");
  command->add_option("selector", options->matches, "Selectors of the series")->required();
  options->range.AddTo(command);
  options->client.AddTo(command);
  command->footer(
      "Example:\n"
      "  vigil exemplars 'llm_request_duration_seconds_bucket{le=\"+Inf\"}' --last 15m");
  command->callback([options, exit_status] { *exit_status = RunExemplars(*options); });
}

}  // namespace vigil::cli
