// SPDX-License-Identifier: Apache-2.0
//
// `vigil trace ID`: the spans of one trace.
#include <memory>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/trace_output.h"
#include "proto/vigil/v1/query.grpc.pb.h"

namespace vigil::cli {
namespace {

int Run(const ClientOptions& options, const std::string& trace_id) {
  const Client client(options);
  const std::unique_ptr<v1::QueryService::Stub> stub = v1::QueryService::NewStub(client.channel());
  v1::TraceRequest request;
  request.set_trace_id(trace_id);
  v1::TraceResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status = stub->Trace(&context, request, &response);
  if (!status.ok()) return client.Finish(status);
  return Deliver(client.Show(AnswerOf(response), StandardOutput()));
}

}  // namespace

void AddTrace(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<ClientOptions>();
  auto trace_id = std::make_shared<std::string>();
  CLI::App* const command = program->add_subcommand("trace", "Show the spans of one trace");
  command->add_option("id", *trace_id, "The trace's id, 32 hexadecimal digits")->required();
  options->AddTo(command);
  command->footer(
      "Example:\n"
      "  vigil trace 4bf92f3577b34da6a3ce929d0e0e4736");
  command->callback([options, trace_id, exit_status] { *exit_status = Run(*options, *trace_id); });
}

}  // namespace vigil::cli
