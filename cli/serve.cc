// SPDX-License-Identifier: Apache-2.0
//
// `vigil serve`: runs the server until it is told to stop.
#include <pthread.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include "base/byte_size.h"
#include "base/file.h"
#include "base/log.h"
#include "base/status.h"
#include "cli/client.h"
#include "cli/command.h"
#include "server/app.h"
#include "server/config.h"
#include "server/library_log.h"

namespace vigil::cli {
namespace {

struct ServeOptions {
  std::string config_file;
  std::string data_dir;
  std::string grpc_listen;
  std::string http_listen;
  std::vector<std::string> rules;
  std::string alertmanager_config;
  std::string durability;
  std::string memory_limit;
  std::string experimental_functions;
  bool admin_api = false;
  bool debug = false;
};

absl::Status ApplyAddress(const std::string& text, std::string_view flag,
                          server::ListenAddress* address) {
  if (text.empty()) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN_WITH(*address, server::ParseListenAddress(text), flag);
  return absl::OkStatus();
}

// Defaults, then the file, then flags.
absl::StatusOr<server::Config> LoadConfig(const ServeOptions& options) {
  server::Config config;
  if (!options.config_file.empty()) {
    VIGIL_ASSIGN_OR_RETURN(const std::string yaml, ReadFile(options.config_file));
    VIGIL_ASSIGN_OR_RETURN(config,
                           server::ParseConfig(options.config_file, yaml, std::move(config)));
  }
  if (!options.data_dir.empty()) config.storage.data_dir = options.data_dir;
  VIGIL_RETURN_IF_ERROR(ApplyAddress(options.grpc_listen, "--grpc-listen", &config.grpc_listen));
  VIGIL_RETURN_IF_ERROR(ApplyAddress(options.http_listen, "--http-listen", &config.http_listen));
  if (!options.rules.empty()) config.rule_files = options.rules;
  if (!options.alertmanager_config.empty()) {
    config.alertmanager_file = options.alertmanager_config;
  }
  if (!options.memory_limit.empty()) {
    VIGIL_ASSIGN_OR_RETURN_WITH(config.memory_limit_bytes, ParseByteSize(options.memory_limit),
                                "--memory-limit");
  }
  if (!options.experimental_functions.empty()) {
    config.experimental_functions = options.experimental_functions == "on";
  }
  if (options.admin_api) config.admin_api = true;
  if (!options.durability.empty()) {
    config.storage.durability = options.durability == "interval" ? storage::Durability::kNoSync
                                                                 : storage::Durability::kSync;
  }
  return config;
}

// Waits for signals and acts on them; returns when it is to stop.
void WaitForStop(const sigset_t& signals, server::App& app) {
  while (true) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal != SIGHUP) return;
    app.Reload().IgnoreError();  // Logged where it happens.
  }
}

int Run(const ServeOptions& options) {
  if (options.debug) SetLogLevel(LogLevel::kDebug);
  server::TakeOverLibraryLogs();
  // Blocked before any thread starts, so that only WaitForStop takes them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  const absl::StatusOr<std::unique_ptr<server::App>> app =
      server::App::Start([options] { return LoadConfig(options); });
  if (!app.ok()) {
    fmt::print(stderr, "error: {}\n", MessageOf(app.status()));
    return app.status().code() == absl::StatusCode::kInvalidArgument ? kExitUsage : kExitRefused;
  }
  WaitForStop(signals, **app);
  Log(LogLevel::kInfo, "stopping");
  return kExitOk;
}

}  // namespace

void AddServe(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* const command = program->add_subcommand("serve", "Run the server");
  command->add_option("--config", options->config_file, "Configuration file (YAML)")
      ->type_name("FILE");
  command
      ->add_option("--data-dir", options->data_dir,
                   "Where everything is kept (default: ./vigil-data)")
      ->type_name("DIR");
  command
      ->add_option("--grpc-listen", options->grpc_listen,
                   "OTLP and queries over gRPC (default: 127.0.0.1:4317)")
      ->type_name("HOST:PORT");
  command
      ->add_option("--http-listen", options->http_listen,
                   "OTLP, the APIs and /metrics over HTTP (default: 127.0.0.1:4318)")
      ->type_name("HOST:PORT");
  command->add_option("--rules", options->rules, "Rule files; patterns such as 'rules/*.yaml'")
      ->type_name("GLOB");
  command
      ->add_option("--alertmanager-config", options->alertmanager_config,
                   "Routes and receivers, in Alertmanager's format")
      ->type_name("FILE");
  command
      ->add_option("--durability", options->durability,
                   "sync: acknowledged means on disk (default); interval: synced once a second")
      ->check(CLI::IsMember({"sync", "interval"}));
  command
      ->add_option("--memory-limit", options->memory_limit,
                   "What the process may take, such as 2GiB (default: 60 % of the machine)")
      ->type_name("SIZE");
  command
      ->add_option("--experimental-functions", options->experimental_functions,
                   "Whether queries may use what Prometheus calls experimental (default: on)")
      ->check(CLI::IsMember({"on", "off"}));
  command->add_flag("--admin-api", options->admin_api,
                    "Let HTTP delete and copy metrics (/api/v1/admin/tsdb/...)");
  command->add_flag("--debug", options->debug, "Log more");
  command->footer(
      "Examples:\n"
      "  vigil serve --data-dir /var/lib/vigil --rules 'rules/*.yaml'\n"
      "  vigil serve --config vigil.yaml --http-listen 0.0.0.0:4318");
  command->callback([options, exit_status] { *exit_status = Run(*options); });
}

}  // namespace vigil::cli
