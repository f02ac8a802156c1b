// SPDX-License-Identifier: Apache-2.0
#include "server/http/connection.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string_view>
#include <utility>

#include <absl/time/time.h>
#include <fmt/format.h>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "base/clock.h"
#include "base/strings.h"

namespace vigil::server {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
// A client that is told off while it still sends is listened to for this long and this much more:
// closing at once would reset the connection and take the answer with it. Many read it only when
// they have sent all, and take a reset for a reason to send the same again. What is read is thrown
// away, so it may be some times the largest body.
constexpr auto kDrainTime = std::chrono::seconds(2);
constexpr size_t kMaxDrainedBytes = 256 << 20;
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

}  // namespace

Connection::Connection(Tcp::socket socket, ConnectionShared* shared, std::atomic<int>* connections)
    : stream_(std::move(socket)), shared_(*shared), connections_(*connections), room_(shared) {
  connections_.fetch_add(1);
  beast::error_code ignored;
  stream_.socket().set_option(Tcp::no_delay(true), ignored);
  // Peeking never waits.
  stream_.socket().non_blocking(true, ignored);
}

Connection::~Connection() { connections_.fetch_sub(1); }

void Connection::Read() {
  parser_.emplace();
  parser_->body_limit(shared_.options.max_body_bytes);
  ExpireAfterIdle();
  http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](beast::error_code error, size_t) { self->OnHeader(error); });
}

void Connection::ExpireAfterIdle() {
  stream_.expires_after(std::chrono::milliseconds(shared_.options.idle_timeout_ms));
}

void Connection::OnHeader(beast::error_code error) {
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

void Connection::ReadBody() {
  http::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](beast::error_code error, size_t) { self->OnRead(error); });
}

void Connection::Fail(beast::error_code error) {
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

void Connection::OnRead(beast::error_code error) {
  if (error) return Fail(error);
  http::request<http::string_body> message = parser_->release();
  keep_alive_ = message.keep_alive();
  version_ = message.version();
  request_ = ToRequest(std::move(message));
  ThreadPool* const workers = shared_.WorkersFor(shared_.router.KindOf(request_));
  request_.in_place = workers == nullptr;
  if (request_.in_place) return Answer(shared_.router.Route(request_));
  RunHandler(workers);
}

void Connection::RunHandler(ThreadPool* workers) {
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

template <typename Work, typename Done>
Connection::Outcome Connection::RunOnWorker(ThreadPool* workers, const CancelFlag& cancelled,
                                            Work work, Done done) {
  if (!shared_.StartHandler(cancelled)) return Outcome::kStopping;
  // The timer would end the connection while the handler works.
  stream_.expires_never();
  const auto run = [self = shared_from_this(), cancelled, work, done]() mutable {
    work();
    ConnectionShared& shared = self->shared_;
    {
      const auto executor = self->stream_.get_executor();
      asio::post(executor, [self = std::move(self), done] { done(); });
    }
    // Last, as the server may end right after: neither the connection nor its executor, which looks
    // back at the server's, is held from here.
    shared.FinishHandler(cancelled);
  };
  if (workers->TrySubmit(run)) return Outcome::kQueued;
  shared_.FinishHandler(cancelled);
  return Outcome::kFull;
}

void Connection::WatchClient(const CancelFlag& cancelled) {
  watched_for_ = cancelled;
  const auto look = [self = shared_from_this(), cancelled](beast::error_code error) {
    if (error || self->watched_for_ != cancelled) return;
    char byte = 0;
    const size_t bytes =
        self->stream_.socket().receive(asio::buffer(&byte, 1), Tcp::socket::message_peek, error);
    // There may be nothing: the wait may end by the arrival of what was read before it began.
    if (error == asio::error::would_block) return self->WatchClient(cancelled);
    // Otherwise it has sent its next request already.
    if (bytes == 0) cancelled->store(true);
  };
  stream_.socket().async_wait(Tcp::socket::wait_read, look);
}

void Connection::StopWatching() {
  watched_for_.reset();
  beast::error_code ignored;
  stream_.socket().cancel(ignored);
}

void Connection::Refuse(HttpResponse response) {
  keep_alive_ = false;
  drain_ = true;
  Answer(std::move(response));
}

template <typename Message>
void Connection::SetHead(const HttpResponse& response, Message* message) const {
  message->version(11);
  message->result(static_cast<unsigned>(response.status));
  // By which caches and clients tell an answer's age, and how far the clocks are apart.
  message->set(http::field::date,
               absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT",
                                absl::FromUnixMillis(SystemClock().NowMs()), absl::UTCTimeZone()));
  message->set(http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) message->set(name, value);
  message->keep_alive(keep_alive_);
}

void Connection::Answer(HttpResponse response) {
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

void Connection::OnAnswered(beast::error_code error) {
  if (error) return Close();
  keep_alive_ ? Read() : Close();
}

void Connection::BeginPieces(HttpResponse response) {
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
  http::async_write_header(stream_, *serializer_,
                           [self = shared_from_this(), head_only](beast::error_code error, size_t) {
                             if (!error && !head_only) return self->WritePiece(true);
                             self->response_ = {};
                             self->OnAnswered(error);
                           });
}

void Connection::WritePiece(bool more) {
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

void Connection::MakePiece() {
  const auto make = [this] { more_ = response_.rest(&response_.body); };
  const auto write = [this] { WritePiece(more_); };
  if (shared_.workers.slow != nullptr) {
    const Outcome outcome =
        RunOnWorker(shared_.workers.slow, std::make_shared<std::atomic<bool>>(false), make, write);
    if (outcome == Outcome::kQueued) return;
    if (outcome == Outcome::kStopping) return Close();
  }
  // The workers are busy with requests that wait no longer than this one has.
  make();
  write();
}

void Connection::Close() {
  beast::error_code ignored;
  stream_.socket().shutdown(Tcp::socket::shutdown_send, ignored);
  if (!drain_) return;
  stream_.expires_after(kDrainTime);
  Drain(0);
}

void Connection::Drain(size_t drained) {
  if (drained > kMaxDrainedBytes) return;
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(64 << 10), [self = shared_from_this(), drained](
                                                         beast::error_code error, size_t bytes) {
    if (!error) self->Drain(drained + bytes);
  });
}

}  // namespace vigil::server
