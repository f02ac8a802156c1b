// SPDX-License-Identifier: Apache-2.0
//
// `vigil status`: how a server is doing.
#include <memory>
#include <string>
#include <utility>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/clock.h"
#include "base/duration.h"
#include "base/strings.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/watch.h"
#include "proto/vigil/v1/admin.grpc.pb.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

struct StatusOptions {
  ClientOptions client;
  WatchOptions watch;
};

// Bytes as people read them.
Cell CellOf(const v1::StatusEntry& entry) {
  double bytes = 0;
  if (!entry.name().ends_with("_bytes") || !ParseDouble(entry.value(), &bytes)) {
    return entry.value();
  }
  return {entry.value(), ReadableBytes(bytes)};
}

Json ToJson(const v1::StatusResponse& status) {
  Json data;
  data["version"] = status.version();
  data["startedAt"] = FormatInstantMs(status.started_at_ms());
  data["dataDir"] = status.data_dir();
  data["grpcAddress"] = status.grpc_address();
  data["httpAddress"] = status.http_address();
  for (const v1::StatusSection& section : status.sections()) {
    for (const v1::StatusEntry& entry : section.entries()) {
      data["sections"][section.name()][entry.name()] = entry.value();
    }
  }
  return data;
}

Table ToTable(const v1::StatusResponse& status) {
  Table table({"section", "name", "value"});
  table.Add({"server", "version", status.version()});
  table.Add({"server", "started",
             Cell(FormatInstantMs(status.started_at_ms()),
                  Ago(status.started_at_ms(), SystemClock().NowMs()))});
  table.Add({"server", "data_dir", status.data_dir()});
  table.Add({"server", "grpc_address", status.grpc_address()});
  table.Add({"server", "http_address", status.http_address()});
  for (const v1::StatusSection& section : status.sections()) {
    for (const v1::StatusEntry& entry : section.entries()) {
      table.Add({section.name(), entry.name(), CellOf(entry)});
    }
  }
  return table;
}

Reply Ask(const Client& client, const Terminal& terminal) {
  v1::StatusResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status =
      v1::AdminService::NewStub(client.channel())->Status(&context, {}, &response);
  if (!status.ok()) return client.Refuse(status);
  return client.Show({.json = [&response] { return ToJson(response); },
                      .table = [&response] { return ToTable(response); }},
                     terminal);
}

int Run(const StatusOptions& options) {
  const Client client(options.client);
  return RunOrWatch(options.watch, "vigil status",
                    [&client](const Terminal& terminal) { return Ask(client, terminal); });
}

}  // namespace

void AddStatus(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* const command = program->add_subcommand("status", "Show how the server is doing");
  options->watch.AddTo(command);
  options->client.AddTo(command);
  command->footer(
      "Examples:\n"
      "  vigil status\n"
      "  vigil status --watch --server store.example:4317");
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
