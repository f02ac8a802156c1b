// SPDX-License-Identifier: Apache-2.0
//
// `vigil delete`: removes samples of metrics for good.
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
#include "cli/time_options.h"
#include "proto/vigil/v1/admin.grpc.pb.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

struct DeleteOptions {
  ClientOptions client;
  std::string selector;
  OpenTimeOptions time;
};

absl::StatusOr<v1::DeleteMetricsRequest> MakeRequest(const DeleteOptions& options) {
  v1::DeleteMetricsRequest request;
  request.set_match(options.selector);
  VIGIL_ASSIGN_OR_RETURN(const OpenTimeRange range, options.time.Resolve(SystemClock().NowMs()));
  if (range.start_ms.has_value()) request.set_start_ms(*range.start_ms);
  if (range.end_ms.has_value()) request.set_end_ms(*range.end_ms);
  return request;
}

int Run(const DeleteOptions& options) {
  const absl::StatusOr<v1::DeleteMetricsRequest> request = MakeRequest(options);
  if (!request.ok()) return UsageError(MessageOf(request.status()));
  const Client client(options.client);
  v1::DeleteMetricsResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status =
      v1::AdminService::NewStub(client.channel())->DeleteMetrics(&context, *request, &response);
  if (!status.ok()) return client.Finish(status, options.selector);
  const Answer answer = {
      .json =
          [&] {
            return Json{{"series", response.series()}, {"samples", response.samples()}};
          },
      .table =
          [&] {
            Table table({"series", "samples"});
            table.Add({fmt::to_string(response.series()), fmt::to_string(response.samples())});
            return table;
          },
      .text =
          [&](const Terminal&) {
            return fmt::format("deleted {} samples of {} series\n", response.samples(),
                               response.series());
          }};
  return Deliver(client.Show(answer, StandardOutput()));
}

}  // namespace

void AddDelete(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<DeleteOptions>();
  CLI::App* const command =
      program->add_subcommand("delete", "Delete samples of metrics, for good");
  command
      ->add_option("selector", options->selector,
                   "Whose samples, for example 'up{job=\"gateway\"}'")
      ->required();
  options->time.AddTo(command);
  options->client.AddTo(command);
  command->footer(
      "Example:\n"
      "  vigil delete 'up{job=\"old\"}' --to -30d");
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
