// SPDX-License-Identifier: Apache-2.0
#include "server/http/http_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/http/connection.h"

namespace vigil::server {
namespace {

// After a failure to accept that time alone can mend, as when no file descriptor is left.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

// A thread and the connections that it serves. What happens on a connection stays on its thread, so
// that a request that is answered in place wakes nobody else.
struct Lane {
  std::atomic<int> connections{0};  // First: connections that are left end with the context.
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::thread thread;
};

class BeastServer final : public HttpServer {
 public:
  BeastServer(const HttpServerOptions& options, const HttpRouter* router,
              const HttpWorkers& workers)
      : shared_{options, *router, workers},
        lanes_(static_cast<size_t>(options.threads)),
        acceptor_(lanes_.front().context),
        pause_(lanes_.front().context) {}

  ~BeastServer() override {
    shared_.FinishAllHandlers();
    for (Lane& lane : lanes_) lane.context.stop();
    for (Lane& lane : lanes_) {
      if (lane.thread.joinable()) lane.thread.join();
    }
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
    if (!error) acceptor_.non_blocking(true, error);
    if (error) {
      return absl::FailedPreconditionError(
          fmt::format("cannot listen on {}:{}: {}", options.host, options.port, error.message()));
    }
    protocol_ = endpoint.protocol();
    WaitForConnection();
    for (Lane& lane : lanes_) lane.thread = std::thread([&lane] { lane.context.run(); });
    return absl::OkStatus();
  }

  uint16_t port() const override { return acceptor_.local_endpoint().port(); }

 private:
  void WaitForConnection() {
    acceptor_.async_wait(Tcp::acceptor::wait_read, [this](beast::error_code error) {
      if (!error) Accept();
    });
  }

  // All that wait. Where a connection goes is decided when it is there.
  void Accept() {
    while (true) {
      const int socket =
          accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket >= 0) {
        Serve(socket);
      } else if (errno == EAGAIN) {
        return WaitForConnection();
      } else if (errno != EINTR && errno != ECONNABORTED) {
        pause_.expires_after(kAcceptPause);
        return pause_.async_wait([this](beast::error_code error) {
          if (!error) WaitForConnection();
        });
      }
    }
  }

  // On the thread that has the fewest connections; rather on this one.
  void Serve(int native) {
    Lane& lane = *std::min_element(lanes_.begin(), lanes_.end(), [](const Lane& a, const Lane& b) {
      return a.connections < b.connections;
    });
    Tcp::socket socket(lane.context);
    beast::error_code error;
    socket.assign(protocol_, native, error);
    if (error) {
      close(native);
      return;
    }
    if (Connections() >= shared_.options.max_connections) return;
    auto connection = std::make_shared<Connection>(std::move(socket), &shared_, &lane.connections);
    if (&lane == &lanes_.front()) return connection->Read();
    asio::post(lane.context, [connection = std::move(connection)] { connection->Read(); });
  }

  int Connections() const {
    return std::accumulate(lanes_.begin(), lanes_.end(), 0,
                           [](int sum, const Lane& lane) { return sum + lane.connections.load(); });
  }

  ConnectionShared shared_;
  std::vector<Lane> lanes_;  // At least one; the first accepts.
  Tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  Tcp protocol_ = Tcp::v4();
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
