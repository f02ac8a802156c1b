// SPDX-License-Identifier: Apache-2.0
//
// `vigil logs`: records of log streams, of the past or as they come.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include "base/clock.h"
#include "base/status.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/logs_output.h"
#include "cli/time_options.h"
#include "proto/vigil/v1/query.grpc.pb.h"

namespace vigil::cli {
namespace {

struct LogsOptions {
  ClientOptions client;
  TimeOptions range;
  std::string query;
  uint32_t limit = 100;
  bool follow = false;
  bool forward = false;
};

absl::StatusOr<v1::LogsRequest> RequestOf(const LogsOptions& options) {
  VIGIL_ASSIGN_OR_RETURN(const TimeRange range,
                         options.range.Resolve(SystemClock().NowMs(), kMillisPerHour));
  v1::LogsRequest request;
  request.set_query(options.query);
  request.set_start_ns(range.start_ms * kNanosPerMilli);
  request.set_end_ns((range.end_ms + 1) * kNanosPerMilli);
  request.set_limit(options.limit);
  request.set_forward(options.forward);
  request.set_follow(options.follow);
  return request;
}

// What followers see of records as they come.
std::string Piece(const std::vector<v1::LogResult>& records, OutputFormat format, bool first) {
  const Answer answer = AnswerOf(records);
  if (format == OutputFormat::kCsv) return answer.table().ToCsv(/*with_header=*/first);
  return Render(answer, format, StandardOutput());
}

int Run(const LogsOptions& options) {
  const absl::StatusOr<v1::LogsRequest> request = RequestOf(options);
  if (!request.ok()) return UsageError(MessageOf(request.status()));
  const Client client(options.client);
  const std::unique_ptr<v1::QueryService::Stub> stub = v1::QueryService::NewStub(client.channel());
  grpc::ClientContext context;
  client.Prepare(&context, options.follow);
  const auto reader = stub->Logs(&context, *request);
  // Lines are shown as they come; other forms are one answer, unless there is no end to it.
  const bool at_once = options.follow || options.client.format == OutputFormat::kTable;
  std::vector<v1::LogResult> records;
  v1::LogsResponse response;
  for (bool first = true; reader->Read(&response); first = false) {
    records.insert(records.end(), response.records().begin(), response.records().end());
    if (!at_once) continue;
    Print(Piece(records, options.client.format, first));
    std::fflush(stdout);
    records.clear();
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return client.Finish(status, options.query);
  return at_once ? kExitOk : Deliver(client.Show(AnswerOf(records), StandardOutput()));
}

}  // namespace

void AddLogs(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<LogsOptions>();
  CLI::App* const command =
      program->add_subcommand("logs", "Show log records, newest first, or follow them");
  command->add_option("logql", options->query, "Streams, and filters of their records")->required();
  options->range.AddTo(command);
  command->add_option("--limit", options->limit, "At most so many records")
      ->type_name("COUNT")
      ->check(CLI::Range(1u, UINT32_MAX))
      ->capture_default_str();
  command->add_flag("-f,--follow", options->follow, "Go on with records as they arrive");
  command->add_flag("--forward", options->forward, "Oldest first");
  options->client.AddTo(command);
  command->footer(
      "Examples:\n"
      "  vigil logs '{service_name=\"gateway\"} |= \"timeout\"' --last 6h --limit 20\n"
      "  vigil logs '{service_name=\"gateway\"} | json | latency_ms > 500' --follow");
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
