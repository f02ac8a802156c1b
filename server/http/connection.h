// SPDX-License-Identifier: Apache-2.0
//
// One connection of the HTTP server: reads requests, has them handled, sends the answers; private
// to this folder.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "server/http/connection_shared.h"
#include "server/http/http_types.h"

namespace vigil::server {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;

// One connection; keeps itself alive as long as something is under way on it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `connections`: what counts those of the socket's thread.
  Connection(Tcp::socket socket, ConnectionShared* shared, std::atomic<int>* connections);
  ~Connection();
  void Read();

 private:
  void ExpireAfterIdle();
  void OnHeader(beast::error_code error);
  void ReadBody();

  // Nothing more can be read from here.
  void Fail(beast::error_code error);
  void OnRead(beast::error_code error);
  void RunHandler(ThreadPool* workers);

  // Has a worker do `work` and the connection's thread then `done`. Neither is done when this gives
  // something else than kQueued.
  enum class Outcome { kQueued, kFull, kStopping };
  template <typename Work, typename Done>
  Outcome RunOnWorker(ThreadPool* workers, const CancelFlag& cancelled, Work work, Done done);

  // Tells the handler at work when the client hangs up, which may be long before it is answered.
  void WatchClient(const CancelFlag& cancelled);
  void StopWatching();

  // Answers and hangs up: the rest of the request is not read.
  void Refuse(HttpResponse response);

  // `message` with what the head of every answer says.
  template <typename Message>
  void SetHead(const HttpResponse& response, Message* message) const;
  void Answer(HttpResponse response);
  void OnAnswered(beast::error_code error);

  // An answer that is made while it is sent: in chunks or, to those who do not know them, until the
  // connection ends.
  void BeginPieces(HttpResponse response);

  // Sends response_.body. `more`: others may follow.
  void WritePiece(bool more);
  void MakePiece();
  void Close();
  void Drain(size_t drained);

  beast::tcp_stream stream_;
  ConnectionShared& shared_;
  std::atomic<int>& connections_;
  BodyRoom room_;
  CancelFlag watched_for_;  // Of the handler at work; null if the client is not watched.
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

}  // namespace vigil::server
