// SPDX-License-Identifier: Apache-2.0
//
// `vigil snapshot` and `vigil restore`: a consistent copy of a running server's data, and back.
#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/status.h"
#include "cli/client.h"
#include "cli/command.h"
#include "proto/vigil/v1/admin.grpc.pb.h"
#include "storage/offline/restore.h"

namespace vigil::cli {
namespace {

using Json = nlohmann::ordered_json;

struct SnapshotOptions {
  ClientOptions client;
  std::string directory;
};

int RunSnapshot(const SnapshotOptions& options) {
  v1::SnapshotRequest request;
  request.set_directory(options.directory);
  const Client client(options.client);
  v1::SnapshotResponse response;
  grpc::ClientContext context;
  client.Prepare(&context);
  const grpc::Status status =
      v1::AdminService::NewStub(client.channel())->Snapshot(&context, request, &response);
  if (!status.ok()) return client.Finish(status);
  const Answer answer = {.json =
                             [&response] {
                               return Json{{"directory", response.directory()}};
                             },
                         .table =
                             [&response] {
                               Table table({"directory"});
                               table.Add({response.directory()});
                               return table;
                             },
                         .text =
                             [&response](const Terminal&) {
                               return fmt::format("snapshot in {} on the server\n",
                                                  response.directory());
                             }};
  return Deliver(client.Show(answer, StandardOutput()));
}

int RunRestore(const storage::RestoreOptions& options) {
  const absl::StatusOr<storage::RestoreResult> result = storage::RestoreSnapshot(options);
  if (!result.ok()) {
    fmt::print(stderr, "error: {}\n", MessageOf(result.status()));
    return kExitRefused;
  }
  Print(fmt::format("restored {} files, {} bytes, to {}\n", result->files, result->bytes,
                    options.data_dir));
  return kExitOk;
}

}  // namespace

void AddSnapshot(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<SnapshotOptions>();
  CLI::App* const command = program->add_subcommand(
      "snapshot", "Copy all data of a running server to a new directory on its machine");
  command
      ->add_option("directory", options->directory,
                   "On the server's machine; a relative path begins where the server was started")
      ->required();
  options->client.AddTo(command);
  command->footer(
      "Example:\n"
      "  vigil snapshot /backup/vigil-2026-11-29");
  command->callback([options, exit_status] { *exit_status = RunSnapshot(*options); });
}

void AddRestore(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<storage::RestoreOptions>();
  CLI::App* const command =
      program->add_subcommand("restore", "Verify a snapshot and copy it to a data directory");
  command->add_option("snapshot", options->snapshot_dir, "The snapshot's directory")->required();
  command->add_option("data-dir", options->data_dir, "What `vigil serve --data-dir` will be told")
      ->required();
  command->add_flag("--overwrite", options->overwrite, "Give up what is in the data directory now");
  command->footer(
      "Example:\n"
      "  vigil restore /backup/vigil-2026-11-29 ./vigil-data --overwrite");
  command->callback([options, exit_status] { *exit_status = RunRestore(*options); });
}

}  // namespace vigil::cli
