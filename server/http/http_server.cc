// SPDX-License-Identifier: Apache-2.0
#include "server/http/http_server.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "base/log.h"
#include "base/mutex.h"
#include "base/strings.h"

namespace vigil::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
// A client that is told off while it still sends is listened to for this long and this much more:
// closing at once would reset the connection and take the answer with it.
constexpr auto kDrainTime = std::chrono::seconds(2);
constexpr size_t kMaxDrainedBytes = 16 << 20;
// Of a body, read at a time.
constexpr uint64_t kReadBytes = 64 << 10;
// In seconds, for those who find the server busy.
constexpr const char* kRetryAfter = "1";

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

HttpResponse Busy(std::string_view why) {
  return {503,
          "text/plain; charset=utf-8",
          fmt::format("{}: try again later\n", why),
          {{"Retry-After", kRetryAfter}}};
}

// Tells one handler at work to give up.
using CancelFlag = std::shared_ptr<std::atomic<bool>>;

// What connections share.
struct Shared {
  const HttpServerOptions options;
  const HttpRouter& router;
  const HttpWorkers workers;
  std::atomic<uint64_t> bytes_in_flight{0};
  std::atomic<int> connections{0};

  // Of the handlers that workers have been given and not finished: what tells them to give up.
  Mutex mutex;
  CondVar changed;
  std::set<CancelFlag> running ABSL_GUARDED_BY(mutex);
  bool stopping ABSL_GUARDED_BY(mutex) = false;

  ThreadPool* WorkersFor(HandlerKind kind) const {
    if (kind == HandlerKind::kQuick) return nullptr;
    return kind == HandlerKind::kLong && workers.lengthy != nullptr ? workers.lengthy
                                                                    : workers.slow;
  }

  bool StartHandler(const CancelFlag& cancelled) {
    MutexLock lock(&mutex);
    if (!stopping) running.insert(cancelled);
    return !stopping;
  }
  void FinishHandler(const CancelFlag& cancelled) {
    MutexLock lock(&mutex);
    running.erase(cancelled);
    changed.notify_all();
  }
  void FinishAllHandlers() {
    MutexLock lock(&mutex);
    stopping = true;
    for (const CancelFlag& cancelled : running) cancelled->store(true);
    while (!running.empty()) changed.wait(mutex);
  }
};

// Room for the bytes of one body, given back at the end.
class BodyRoom {
 public:
  explicit BodyRoom(Shared* shared) : shared_(*shared) {}
  ~BodyRoom() { Release(); }
  BodyRoom(const BodyRoom&) = delete;
  BodyRoom& operator=(const BodyRoom&) = delete;

  // A lone body is let in whatever its size, which has its own limit.
  bool Take(uint64_t bytes) {
    const uint64_t before = shared_.bytes_in_flight.fetch_add(bytes);
    bytes_ = bytes;
    if (before == 0 || before + bytes <= shared_.options.max_bytes_in_flight) return true;
    Release();
    return false;
  }
  void Release() { shared_.bytes_in_flight.fetch_sub(std::exchange(bytes_, 0)); }

 private:
  Shared& shared_;
  uint64_t bytes_ = 0;
};

// One connection; keeps itself alive as long as something is under way on it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Tcp::socket socket, Shared* shared)
      : stream_(std::move(socket)), shared_(*shared), room_(shared) {
    shared_.connections.fetch_add(1);
    beast::error_code ignored;
    stream_.socket().set_option(Tcp::no_delay(true), ignored);
    // Peeking never waits.
    stream_.socket().non_blocking(true, ignored);
  }
  ~Connection() { shared_.connections.fetch_sub(1); }

  void Read() {
    parser_.emplace();
    parser_->body_limit(shared_.options.max_body_bytes);
    ExpireAfterIdle();
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](beast::error_code error, size_t) { self->OnHeader(error); });
  }

 private:
  void ExpireAfterIdle() {
    stream_.expires_after(std::chrono::milliseconds(shared_.options.idle_timeout_ms));
  }

  void OnHeader(beast::error_code error) {
    if (error) return Fail(error);
    const auto length = parser_->content_length();
    // Whoever does not say how long the body is may send the longest.
    const uint64_t bytes = length ? *length : shared_.options.max_body_bytes;
    const bool has_body = parser_->chunked() || (length && *length > 0);
    if (has_body && !room_.Take(bytes)) {
      return Refuse(Busy("too many requests are arriving"));
    }
    // The buffer is read into as far as it has room, so that decides on how many reads there are.
    if (has_body) buffer_.reserve(std::min<uint64_t>(bytes, kReadBytes));
    if (has_body && beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
      asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                        [self = shared_from_this()](beast::error_code failed, size_t) {
                          failed ? self->Close() : self->ReadBody();
                        });
      return;
    }
    ReadBody();
  }

  void ReadBody() {
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](beast::error_code error, size_t) { self->OnRead(error); });
  }

  // Nothing more can be read from here.
  void Fail(beast::error_code error) {
    if (error == http::error::body_limit) {
      return Refuse(
          {413,
           "text/plain; charset=utf-8",
           fmt::format("the body is larger than {} bytes\n", shared_.options.max_body_bytes),
           {}});
    }
    if (error.category() == make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message) {
      return Refuse({400,
                     "text/plain; charset=utf-8",
                     fmt::format("malformed request: {}\n", error.message()),
                     {}});
    }
    Close();
  }

  void OnRead(beast::error_code error) {
    if (error) return Fail(error);
    http::request<http::string_body> message = parser_->release();
    keep_alive_ = message.keep_alive();
    version_ = message.version();
    request_ = ToRequest(std::move(message));
    ThreadPool* const workers = shared_.WorkersFor(shared_.router.KindOf(request_));
    if (workers == nullptr) return Answer(shared_.router.Route(request_));
    RunHandler(workers);
  }

  void RunHandler(ThreadPool* workers) {
    const auto cancelled = std::make_shared<std::atomic<bool>>(false);
    request_.cancelled = cancelled.get();
    WatchClient(cancelled);
    switch (RunOnWorker(
        workers, cancelled, [this] { response_ = shared_.router.Route(request_); },
        [this] { Answer(std::move(response_)); })) {
      case Outcome::kQueued:
        return;
      case Outcome::kFull:
        return Answer(Busy("too many requests are waiting"));
      case Outcome::kStopping:
        return Answer(Busy("the server is stopping"));
    }
  }

  // Has a worker do `work` and the connection's thread then `done`. Neither is done when this gives
  // something else than kQueued.
  enum class Outcome { kQueued, kFull, kStopping };
  template <typename Work, typename Done>
  Outcome RunOnWorker(ThreadPool* workers, const CancelFlag& cancelled, Work work, Done done) {
    if (!shared_.StartHandler(cancelled)) return Outcome::kStopping;
    // The timer would end the connection while the handler works.
    stream_.expires_never();
    const auto run = [self = shared_from_this(), cancelled, work, done]() mutable {
      work();
      Shared& shared = self->shared_;
      const auto executor = self->stream_.get_executor();
      asio::post(executor, [self = std::move(self), done] { done(); });
      // Last, as the server may end right after: the connection is no longer held from here.
      shared.FinishHandler(cancelled);
    };
    if (workers->TrySubmit(run)) return Outcome::kQueued;
    shared_.FinishHandler(cancelled);
    return Outcome::kFull;
  }

  // Tells the handler at work when the client hangs up, which may be long before it is answered.
  void WatchClient(const CancelFlag& cancelled) {
    const auto look = [self = shared_from_this(), cancelled](beast::error_code error) {
      if (error) return;
      char byte = 0;
      const size_t bytes =
          self->stream_.socket().receive(asio::buffer(&byte, 1), Tcp::socket::message_peek, error);
      // Otherwise it has sent its next request already.
      if (bytes == 0 && error != asio::error::would_block) cancelled->store(true);
    };
    stream_.socket().async_wait(Tcp::socket::wait_read, look);
  }
  void StopWatching() {
    beast::error_code ignored;
    stream_.socket().cancel(ignored);
  }

  // Answers and hangs up: the rest of the request is not read.
  void Refuse(HttpResponse response) {
    keep_alive_ = false;
    drain_ = true;
    Answer(std::move(response));
  }

  // `message` with what the head of every answer says.
  template <typename Message>
  void SetHead(const HttpResponse& response, Message* message) const {
    message->version(11);
    message->result(static_cast<unsigned>(response.status));
    message->set(http::field::content_type, response.content_type);
    for (const auto& [name, value] : response.headers) message->set(name, value);
    message->keep_alive(keep_alive_);
  }

  void Answer(HttpResponse response) {
    StopWatching();
    if (response.rest != nullptr) return BeginPieces(std::move(response));
    message_ = {};
    SetHead(response, &message_);
    message_.body() = std::move(response.body);
    message_.prepare_payload();
    if (response.status == 204) {
      // It has no body and nothing that speaks of one.
      message_.erase(http::field::content_type);
      message_.erase(http::field::content_length);
    }
    if (request_.method == "HEAD") message_.body().clear();
    request_ = {};
    room_.Release();
    // Anew: the handler may have taken longer than the client may be silent.
    ExpireAfterIdle();
    http::async_write(
        stream_, message_,
        [self = shared_from_this()](beast::error_code error, size_t) { self->OnAnswered(error); });
  }

  void OnAnswered(beast::error_code error) {
    if (error) return Close();
    keep_alive_ ? Read() : Close();
  }

  // An answer that is made while it is sent: in chunks or, to those who do not know them, until the
  // connection ends.
  void BeginPieces(HttpResponse response) {
    chunked_ = version_ >= 11;
    if (!chunked_) keep_alive_ = false;
    head_.emplace();
    SetHead(response, &*head_);
    head_->chunked(chunked_);
    const bool head_only = request_.method == "HEAD";
    request_ = {};
    room_.Release();
    response_ = std::move(response);
    serializer_.emplace(*head_);
    ExpireAfterIdle();
    http::async_write_header(
        stream_, *serializer_,
        [self = shared_from_this(), head_only](beast::error_code error, size_t) {
          if (!error && !head_only) return self->WritePiece(true);
          self->response_ = {};
          self->OnAnswered(error);
        });
  }

  // Sends response_.body. `more`: others may follow.
  void WritePiece(bool more) {
    ExpireAfterIdle();
    const auto written = [self = shared_from_this(), more](beast::error_code error, size_t) {
      if (!error && more) return self->MakePiece();
      self->response_ = {};
      if (error || !self->chunked_) return self->Close();
      asio::async_write(self->stream_, http::make_chunk_last(),
                        [self](beast::error_code failed, size_t) { self->OnAnswered(failed); });
    };
    const auto bytes = asio::buffer(response_.body);
    if (response_.body.empty()) {
      written({}, 0);  // An empty chunk would end the body.
    } else if (chunked_) {
      asio::async_write(stream_, http::make_chunk(bytes), written);
    } else {
      asio::async_write(stream_, bytes, written);
    }
  }

  void MakePiece() {
    const auto make = [this] { more_ = response_.rest(&response_.body); };
    const auto write = [this] { WritePiece(more_); };
    if (shared_.workers.slow != nullptr) {
      const Outcome outcome = RunOnWorker(shared_.workers.slow,
                                          std::make_shared<std::atomic<bool>>(false), make, write);
      if (outcome == Outcome::kQueued) return;
      if (outcome == Outcome::kStopping) return Close();
    }
    // The workers are busy with requests that wait no longer than this one has.
    make();
    write();
  }

  void Close() {
    beast::error_code ignored;
    stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
    if (!drain_) return;
    stream_.expires_after(kDrainTime);
    Drain(0);
  }

  void Drain(size_t drained) {
    if (drained > kMaxDrainedBytes) return;
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(64 << 10), [self = shared_from_this(), drained](
                                                           beast::error_code error, size_t bytes) {
      if (!error) self->Drain(drained + bytes);
    });
  }

  beast::tcp_stream stream_;
  Shared& shared_;
  BodyRoom room_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  HttpRequest request_;
  http::response<http::string_body> message_;
  // Of an answer in pieces: the whole of it but for what was sent, its head, and whether a piece
  // follows the one in response_.body.
  HttpResponse response_;
  std::optional<http::response<http::empty_body>> head_;
  std::optional<http::response_serializer<http::empty_body>> serializer_;
  bool more_ = false;
  bool chunked_ = false;
  unsigned version_ = 11;
  bool keep_alive_ = true;
  bool drain_ = false;
};

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

  Shared shared_;
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
