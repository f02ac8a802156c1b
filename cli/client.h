// SPDX-License-Identifier: Apache-2.0
//
// What every client command needs: the server's address, the tenant, the output format, and the way
// from a call's status to an exit status.
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

// A connection made for one command.
class Client {
 public:
  explicit Client(const ClientOptions& options);

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // Sets tenant and deadline; `endless` calls have no deadline.
  void Prepare(grpc::ClientContext* context, bool endless = false) const;

  // The exit status for a call's status; prints what went wrong to standard error.
  int Finish(const grpc::Status& status) const;

 private:
  const ClientOptions options_;
  const std::shared_ptr<grpc::Channel> channel_;
};

// Prints "error: ..." to standard error and returns kExitUsage.
int UsageError(std::string_view message);

// Writes to standard output.
void Print(std::string_view text);

}  // namespace vigil::cli
