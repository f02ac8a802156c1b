// SPDX-License-Identifier: Apache-2.0
#include "server/http/http_server.h"

#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include "server/http/connection.h"

namespace vigil::server {
namespace {

class BeastServer final : public HttpServer {
 public:
  BeastServer(const HttpServerOptions& options, const HttpRouter* router,
              const HttpWorkers& workers)
      : shared_{options, *router, workers}, context_(options.threads), acceptor_(context_) {}

  ~BeastServer() override {
    shared_.FinishAllHandlers();
    context_.stop();
    for (std::thread& thread : threads_) thread.join();
  }

  absl::Status Listen() {
    const HttpServerOptions& options = shared_.options;
    beast::error_code error;
    const asio::ip::address address = asio::ip::make_address(options.host, error);
    if (error) {
      return absl::InvalidArgumentError(
          fmt::format("\"{}\" is not an IP address to listen on", options.host));
    }
    const Tcp::endpoint endpoint(address, options.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return absl::FailedPreconditionError(
          fmt::format("cannot listen on {}:{}: {}", options.host, options.port, error.message()));
    }
    Accept();
    for (int i = 0; i < options.threads; ++i) threads_.emplace_back([this] { context_.run(); });
    return absl::OkStatus();
  }

  uint16_t port() const override { return acceptor_.local_endpoint().port(); }

 private:
  void Accept() {
    acceptor_.async_accept(
        asio::make_strand(context_), [this](beast::error_code error, Tcp::socket socket) {
          if (!error && shared_.connections.load() < shared_.options.max_connections) {
            std::make_shared<Connection>(std::move(socket), &shared_)->Read();
          }
          if (error != asio::error::operation_aborted) Accept();
        });
  }

  ConnectionShared shared_;
  asio::io_context context_;
  Tcp::acceptor acceptor_;
  std::vector<std::thread> threads_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                              const HttpRouter* router,
                                                              const HttpWorkers& workers) {
  auto server = std::make_unique<BeastServer>(options, router, workers);
  if (absl::Status status = server->Listen(); !status.ok()) return status;
  return server;
}

}  // namespace vigil::server
