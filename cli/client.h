// SPDX-License-Identifier: Apache-2.0
//
// What every client command needs: the server's address, the tenant, the output format, and the way
// from a call's status to what is said and to an exit status.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <grpcpp/grpcpp.h>
#include <CLI/App.hpp>

#include "cli/output.h"

namespace vigil::cli {

// Exit statuses; scripts rely on them.
inline constexpr int kExitOk = 0;
inline constexpr int kExitRefused = 1;      // The server said no.
inline constexpr int kExitUsage = 2;        // The command line is wrong.
inline constexpr int kExitUnreachable = 3;  // No server.

// Options that all client commands take.
struct ClientOptions {
  std::string server = "127.0.0.1:4317";
  std::string tenant;
  OutputFormat format = OutputFormat::kTable;
  double timeout_s = 120;

  // Adds the options to a command. VIGIL_SERVER and VIGIL_TENANT stand in for what is not given.
  void AddTo(CLI::App* command);
};

// What a run of a command says on standard output and on standard error, and its exit status.
struct Reply {
  int exit_status = kExitOk;
  std::string out;
  std::string err;
};

// A refusal: "error: ..." on standard error.
Reply Refusal(int exit_status, std::string_view message);

// Writes a reply where it belongs; returns its exit status.
int Deliver(const Reply& reply);

// A connection made for one command.
class Client {
 public:
  explicit Client(const ClientOptions& options);

  // The same connection, with answers in another format.
  Client WithFormat(OutputFormat format) const;

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // Sets tenant and deadline; `endless` calls have no deadline.
  void Prepare(grpc::ClientContext* context, bool endless = false) const;

  // The reply to a call that failed. When the message names a place in `query`, that is shown.
  // Requires: !status.ok().
  Reply Refuse(const grpc::Status& status, std::string_view query = {}) const;

  // The answer in the format that was asked for.
  Reply Show(const Answer& answer, const Terminal& terminal) const;

  // The exit status for a call's status; prints what went wrong to standard error.
  int Finish(const grpc::Status& status, std::string_view query = {}) const;

 private:
  Client(const ClientOptions& options, std::shared_ptr<grpc::Channel> channel);

  ClientOptions options_;
  std::shared_ptr<grpc::Channel> channel_;
};

// Prints "error: ..." to standard error and returns kExitUsage.
int UsageError(std::string_view message);

// Writes to standard output.
void Print(std::string_view text);

// Why `text` is not the address of a server; empty if it may be one.
std::string AddressFault(std::string_view text);

}  // namespace vigil::cli
