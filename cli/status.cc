// SPDX-License-Identifier: Apache-2.0
//
// `vigil status`: how a server is doing.
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/clock.h"
#include "base/duration.h"
#include "base/strings.h"
#include "cli/client.h"
#include "cli/command.h"
#include "proto/vigil/v1/admin.grpc.pb.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

// Bytes as people read them.
std::string Readable(const v1::StatusEntry& entry) {
  double bytes = 0;
  if (!entry.name().ends_with("_bytes") || !ParseDouble(entry.value(), &bytes)) {
    return entry.value();
  }
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < std::size(kUnits)) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{:.4g} {}", bytes, kUnits[unit]);
}

std::string Format(const v1::StatusResponse& status, OutputFormat format) {
  if (format == OutputFormat::kJson) {
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
    return JsonSuccess(std::move(data));
  }
  const bool csv = format == OutputFormat::kCsv;
  Table table({"section", "name", "value"});
  const int64_t now_ms = SystemClock().NowMs();
  table.Add({"server", "version", status.version()});
  table.Add({"server", "started",
             csv ? FormatInstantMs(status.started_at_ms()) : Ago(status.started_at_ms(), now_ms)});
  table.Add({"server", "data_dir", status.data_dir()});
  table.Add({"server", "grpc_address", status.grpc_address()});
  table.Add({"server", "http_address", status.http_address()});
  for (const v1::StatusSection& section : status.sections()) {
    for (const v1::StatusEntry& entry : section.entries()) {
      table.Add({section.name(), entry.name(), csv ? entry.value() : Readable(entry)});
    }
  }
  return csv ? table.ToCsv() : table.ToText();
}

int Run(const ClientOptions& options) {
  const Client client(options);
  v1::StatusResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status =
      v1::AdminService::NewStub(client.channel())->Status(&context, {}, &response);
  if (!status.ok()) return client.Finish(status);
  Print(Format(response, options.format));
  return kExitOk;
}

}  // namespace

void AddStatus(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<ClientOptions>();
  CLI::App* const command = program->add_subcommand("status", "Show how the server is doing");
  options->AddTo(command);
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
