// SPDX-License-Identifier: Apache-2.0
//
// The HTTP/1.1 listener, on Boost.Beast.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <absl/status/statusor.h>

#include "base/thread_pool.h"
#include "server/http/http_types.h"

namespace vigil::server {

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 0;  // 0 picks a free one.
  int threads = 2;    // Each serves connections of its own; the first one accepts them.
  // Larger bodies are answered with 413.
  uint64_t max_body_bytes = 64 << 20;
  // Of all bodies between their arrival and the answer; requests beyond it are told to come back.
  uint64_t max_bytes_in_flight = 512 << 20;
  // Connections that are open at a time; those beyond are closed at once.
  int max_connections = 4096;
  // Connections that send nothing for this long are closed.
  int64_t idle_timeout_ms = 60'000;
};

// Whom handlers run on that are not quick; null for the server's threads.
struct HttpWorkers {
  ThreadPool* slow = nullptr;
  ThreadPool* lengthy = nullptr;  // Null: the slow ones'.
};

class HttpServer {
 public:
  // Listens and serves. FailedPrecondition when the address is taken, InvalidArgument when it is
  // not one. `router` and `workers` must outlive the server.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                           const HttpRouter* router,
                                                           const HttpWorkers& workers = {});
  // Stops taking connections, tells handlers that run and lets them finish, ends the connections,
  // joins the threads.
  virtual ~HttpServer() = default;

  virtual uint16_t port() const = 0;
};

}  // namespace vigil::server
