// SPDX-License-Identifier: Apache-2.0
#include "server/http/http_server.h"

#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "base/log.h"
#include "base/strings.h"

namespace vigil::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

HttpRequest ToRequest(http::request<http::string_body> message) {
  HttpRequest request;
  request.method = View(message.method_string());
  const std::string_view target = View(message.target());
  const size_t question = target.find('?');
  request.path = PercentDecode(target.substr(0, question), false);
  if (question != std::string_view::npos) {
    request.parameters = ParseQueryString(target.substr(question + 1));
  }
  for (const auto& field : message) {
    request.headers[ToLower(View(field.name_string()))] = View(field.value());
  }
  request.body = std::move(message.body());
  return request;
}

// One connection; keeps itself alive as long as something is under way on it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Tcp::socket socket, const HttpRouter& router, const HttpServerOptions& options)
      : stream_(std::move(socket)), router_(router), options_(options) {}

  void Read() {
    parser_.emplace();
    parser_->body_limit(options_.max_body_bytes);
    stream_.expires_after(std::chrono::milliseconds(options_.idle_timeout_ms));
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](beast::error_code error, size_t) { self->OnRead(error); });
  }

 private:
  void OnRead(beast::error_code error) {
    if (error == http::error::body_limit) {
      return Answer({413,
                     "text/plain; charset=utf-8",
                     fmt::format("the body is larger than {} bytes\n", options_.max_body_bytes),
                     {}},
                    false, false);
    }
    if (error && error.category() == make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message) {
      return Answer({400,
                     "text/plain; charset=utf-8",
                     fmt::format("malformed request: {}\n", error.message()),
                     {}},
                    false, false);
    }
    if (error) return Close();
    http::request<http::string_body> message = parser_->release();
    const bool keep_alive = message.keep_alive();
    const HttpRequest request = ToRequest(std::move(message));
    Answer(router_.Route(request), keep_alive, request.method == "HEAD");
  }

  void Answer(HttpResponse response, bool keep_alive, bool head_only) {
    message_ = {};
    message_.version(11);
    message_.result(static_cast<unsigned>(response.status));
    message_.set(http::field::content_type, response.content_type);
    for (const auto& [name, value] : response.headers) message_.set(name, value);
    message_.keep_alive(keep_alive);
    message_.body() = std::move(response.body);
    message_.prepare_payload();
    if (head_only) message_.body().clear();
    // Anew: the handler may have taken longer than the client may be silent.
    stream_.expires_after(std::chrono::milliseconds(options_.idle_timeout_ms));
    http::async_write(stream_, message_,
                      [self = shared_from_this(), keep_alive](beast::error_code error, size_t) {
                        if (error || !keep_alive) return self->Close();
                        self->Read();
                      });
  }

  void Close() {
    beast::error_code ignored;
    stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
  }

  beast::tcp_stream stream_;
  const HttpRouter& router_;
  const HttpServerOptions& options_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> message_;
};

class BeastServer final : public HttpServer {
 public:
  BeastServer(const HttpServerOptions& options, const HttpRouter* router)
      : options_(options), router_(*router), context_(options.threads), acceptor_(context_) {}

  ~BeastServer() override {
    context_.stop();
    for (std::thread& thread : threads_) thread.join();
  }

  absl::Status Listen() {
    beast::error_code error;
    const asio::ip::address address = asio::ip::make_address(options_.host, error);
    if (error) {
      return absl::InvalidArgumentError(
          fmt::format("\"{}\" is not an IP address to listen on", options_.host));
    }
    const Tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return absl::FailedPreconditionError(
          fmt::format("cannot listen on {}:{}: {}", options_.host, options_.port, error.message()));
    }
    Accept();
    for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { context_.run(); });
    return absl::OkStatus();
  }

  uint16_t port() const override { return acceptor_.local_endpoint().port(); }

 private:
  void Accept() {
    acceptor_.async_accept(
        asio::make_strand(context_), [this](beast::error_code error, Tcp::socket socket) {
          if (!error) {
            std::make_shared<Connection>(std::move(socket), router_, options_)->Read();
          }
          if (error != asio::error::operation_aborted) Accept();
        });
  }

  const HttpServerOptions options_;
  const HttpRouter& router_;
  asio::io_context context_;
  Tcp::acceptor acceptor_;
  std::vector<std::thread> threads_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                              const HttpRouter* router) {
  auto server = std::make_unique<BeastServer>(options, router);
  if (absl::Status status = server->Listen(); !status.ok()) return status;
  return server;
}

}  // namespace vigil::server
