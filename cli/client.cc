// SPDX-License-Identifier: Apache-2.0
#include "cli/client.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include "cli/text/caret.h"

namespace vigil::cli {
namespace {

// Below, no server could answer; above, a wait is as good as endless.
constexpr double kMinTimeoutS = 0.001;
constexpr double kMaxTimeoutS = 86400;
// Who waits for a server to come back wants to know soon.
constexpr int kMinReconnectMs = 100;
constexpr int kMaxReconnectMs = 1000;
constexpr int kConnectPatienceMs = 5000;

// gRPC's names for ways to find a server, which need no port.
constexpr std::string_view kSchemes[] = {"unix:", "dns:", "ipv4:", "ipv6:"};

bool IsPort(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && port <= 65535;
}

// Why there is no connection, without the layers that pass it on.
std::string_view ReasonOf(std::string_view message) {
  constexpr std::string_view kBeforeReason = "Failed to connect to remote host: ";
  const size_t at = message.rfind(kBeforeReason);
  return at == std::string_view::npos ? message : message.substr(at + kBeforeReason.size());
}

}  // namespace

std::string AddressFault(std::string_view text) {
  const auto say = [text](std::string_view fault) {
    return fmt::format("\"{}\" {}: write HOST:PORT, for example 127.0.0.1:4317", text, fault);
  };
  if (std::any_of(std::begin(kSchemes), std::end(kSchemes),
                  [text](std::string_view scheme) { return text.starts_with(scheme); })) {
    return "";
  }
  if (text.find("://") != std::string_view::npos) return say("is a URL, not an address");
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return say("has no port");
  if (!IsPort(text.substr(colon + 1))) return say("has no port between 1 and 65535");
  if (colon == 0) return say("has no host");
  return "";
}

void ClientOptions::AddTo(CLI::App* command) {
  constexpr const char* kGroup = "Server and output";
  command->add_option("--server", server, "The server's gRPC address")
      ->type_name("HOST:PORT")
      ->envname("VIGIL_SERVER")
      ->capture_default_str()
      ->check([](const std::string& text) { return AddressFault(text); }, "")
      ->group(kGroup);
  command->add_option("--tenant", tenant, "Whose data to ask for")
      ->type_name("NAME")
      ->envname("VIGIL_TENANT")
      ->group(kGroup);
  command->add_option("--timeout", timeout_s, "How long to wait for an answer")
      ->type_name("SECONDS")
      ->check(CLI::Range(kMinTimeoutS, kMaxTimeoutS))
      ->capture_default_str()
      ->group(kGroup);
  const std::map<std::string, OutputFormat> formats = {
      {"table", OutputFormat::kTable}, {"json", OutputFormat::kJson}, {"csv", OutputFormat::kCsv}};
  command
      ->add_option_function<std::string>(
          "-o,--output", [this, formats](const std::string& name) { format = formats.at(name); },
          "How to print the answer (default: table)")
      ->check(CLI::IsMember({"table", "json", "csv"}))
      ->group(kGroup);
}

Reply Refusal(int exit_status, std::string_view message) {
  return {exit_status, "", fmt::format("error: {}\n", message)};
}

int Deliver(const Reply& reply) {
  Print(reply.out);
  // In this order on a terminal that shows both.
  std::fflush(stdout);
  std::fwrite(reply.err.data(), 1, reply.err.size(), stderr);
  return reply.exit_status;
}

Client::Client(const ClientOptions& options)
    : options_(options), channel_([&options] {
        grpc::ChannelArguments arguments;
        // Answers may be as large as the store allows.
        arguments.SetMaxReceiveMessageSize(-1);
        arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kMinReconnectMs);
        // Also how long an attempt to connect may take.
        arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectPatienceMs);
        arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectMs);
        return grpc::CreateCustomChannel(options.server, grpc::InsecureChannelCredentials(),
                                         arguments);
      }()) {}

Client::Client(const ClientOptions& options, std::shared_ptr<grpc::Channel> channel)
    : options_(options), channel_(std::move(channel)) {}

Client Client::WithFormat(OutputFormat format) const {
  ClientOptions options = options_;
  options.format = format;
  return Client(options, channel_);
}

void Client::Prepare(grpc::ClientContext* context, bool endless) const {
  if (!options_.tenant.empty()) context->AddMetadata("x-scope-orgid", options_.tenant);
  if (endless) return;
  context->set_deadline(std::chrono::system_clock::now() +
                        std::chrono::milliseconds(static_cast<int64_t>(options_.timeout_s * 1e3)));
}

Reply Client::Refuse(const grpc::Status& status, std::string_view query) const {
  const std::string& message = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      if (message.find("http1") != std::string::npos ||
          message.find("HTTP/1") != std::string::npos) {
        return Refusal(
            kExitUnreachable,
            fmt::format("{} speaks HTTP, not gRPC: name the server's gRPC port (4317 unless "
                        "configured otherwise) with --server or VIGIL_SERVER",
                        options_.server));
      }
      return Refusal(
          kExitUnreachable,
          fmt::format("no vigil answers at {} ({}); start one with `vigil serve`, or name it with "
                      "--server or VIGIL_SERVER",
                      options_.server, ReasonOf(message)));
    case grpc::StatusCode::DEADLINE_EXCEEDED: {
      // Whoever does not take the connection within the time is not there; a server that is busy
      // has refused.
      const bool connected = channel_->GetState(false) == GRPC_CHANNEL_READY;
      return Refusal(connected ? kExitRefused : kExitUnreachable,
                     fmt::format("no answer from {} within {} s; ask for less, or wait longer with "
                                 "--timeout",
                                 options_.server, options_.timeout_s));
    }
    case grpc::StatusCode::UNIMPLEMENTED:
      return Refusal(kExitRefused,
                     fmt::format("{} does not know this call: it is no vigil, or an older one ({})",
                                 options_.server, message));
    default: {
      Reply reply = Refusal(kExitRefused, message);
      reply.err += PointAtError(query, message, StandardOutput().width);
      return reply;
    }
  }
}

Reply Client::Show(const Answer& answer, const Terminal& terminal) const {
  return {kExitOk, Render(answer, options_.format, terminal), ""};
}

int Client::Finish(const grpc::Status& status, std::string_view query) const {
  return status.ok() ? kExitOk : Deliver(Refuse(status, query));
}

int UsageError(std::string_view message) { return Deliver(Refusal(kExitUsage, message)); }

void Print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace vigil::cli
