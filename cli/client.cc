// SPDX-License-Identifier: Apache-2.0
#include "cli/client.h"

#include <cstdio>
#include <map>

#include <fmt/format.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

namespace vigil::cli {
namespace {

// Below, no server could answer; above, a wait is as good as endless.
constexpr double kMinTimeoutS = 0.001;
constexpr double kMaxTimeoutS = 86400;

}  // namespace

void ClientOptions::AddTo(CLI::App* command) {
  command->add_option("--server", server, "The server's gRPC address, HOST:PORT")
      ->envname("VIGIL_SERVER")
      ->capture_default_str();
  command->add_option("--tenant", tenant, "Whose data to ask for")->envname("VIGIL_TENANT");
  command->add_option("--timeout", timeout_s, "Seconds to wait for an answer")
      ->check(CLI::Range(kMinTimeoutS, kMaxTimeoutS))
      ->capture_default_str();
  const std::map<std::string, OutputFormat> formats = {
      {"table", OutputFormat::kTable}, {"json", OutputFormat::kJson}, {"csv", OutputFormat::kCsv}};
  command
      ->add_option_function<std::string>(
          "-o,--output", [this, formats](const std::string& name) { format = formats.at(name); },
          "How to print the answer (default: table)")
      ->check(CLI::IsMember({"table", "json", "csv"}));
}

Client::Client(const ClientOptions& options)
    : options_(options), channel_([&options] {
        grpc::ChannelArguments arguments;
        // Answers may be as large as the store allows.
        arguments.SetMaxReceiveMessageSize(-1);
        return grpc::CreateCustomChannel(options.server, grpc::InsecureChannelCredentials(),
                                         arguments);
      }()) {}

void Client::Prepare(grpc::ClientContext* context, bool endless) const {
  if (!options_.tenant.empty()) context->AddMetadata("x-scope-orgid", options_.tenant);
  if (endless) return;
  context->set_deadline(std::chrono::system_clock::now() +
                        std::chrono::milliseconds(static_cast<int64_t>(options_.timeout_s * 1e3)));
}

int Client::Finish(const grpc::Status& status) const {
  if (status.ok()) return kExitOk;
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    fmt::print(stderr,
               "error: no vigil answers at {} ({}); start one with `vigil serve`, or name it with "
               "--server or VIGIL_SERVER\n",
               options_.server, status.error_message());
    return kExitUnreachable;
  }
  fmt::print(stderr, "error: {}\n", status.error_message());
  return kExitRefused;
}

int UsageError(std::string_view message) {
  fmt::print(stderr, "error: {}\n", message);
  return kExitUsage;
}

void Print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace vigil::cli
