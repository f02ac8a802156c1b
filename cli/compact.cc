// SPDX-License-Identifier: Apache-2.0
//
// `vigil compact`: has the server write its data anew, as small as it gets.
#include <memory>
#include <string>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/client.h"
#include "cli/command.h"
#include "proto/vigil/v1/admin.grpc.pb.h"

namespace vigil::cli {
namespace {

int Run(const ClientOptions& options) {
  const Client client(options);
  v1::CompactResponse response;
  grpc::ClientContext context;
  client.Prepare(&context, /*endless=*/true);
  const grpc::Status status =
      v1::AdminService::NewStub(client.channel())->Compact(&context, {}, &response);
  if (!status.ok()) return client.Finish(status);
  const Answer answer = {
      .json = [] { return nlohmann::ordered_json::object(); },
      .table =
          [] {
            Table table({"compacted"});
            table.Add({"yes"});
            return table;
          },
      .text = [](const Terminal&) { return std::string("all data is written anew\n"); }};
  return Deliver(client.Show(answer, StandardOutput()));
}

}  // namespace

void AddCompact(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<ClientOptions>();
  CLI::App* const command =
      program->add_subcommand("compact", "Write all data anew, as small as it gets");
  options->AddTo(command);
  command->footer(
      "Example:\n"
      "  vigil compact && du -sh vigil-data");
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
