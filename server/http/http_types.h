// SPDX-License-Identifier: Apache-2.0
//
// HTTP requests and answers as handlers see them: plain values, so that what answers can be tested
// without a network.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vigil::server {

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // "/api/v1/query", percent-decoded, without the query.
  // Parameters of the URL in their order, percent-decoded.
  std::vector<std::pair<std::string, std::string>> parameters;
  // Names in lower case; of a header that repeats, the last.
  std::map<std::string, std::string, std::less<>> headers;
  std::string body;
  // Whether the handler runs on the thread that reads from sockets, and so must not wait.
  bool in_place = false;
  // Turns true when nobody waits for the answer any more: the client has gone, or the server stops.
  // Null when nobody looks. Good until the handler returns.
  const std::atomic<bool>* cancelled = nullptr;

  // The first value of a parameter, "" if it is not there.
  std::string_view Parameter(std::string_view name) const;
  // The value of a header, "" if it is not there. Requires: `name` is in lower case.
  std::string_view Header(std::string_view name) const;
};

// Replaces `*piece` by the next piece of a body that is made while it is sent. False when there is
// none left; `*piece` may still hold the last one.
using BodyProducer = std::function<bool(std::string* piece)>;

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  // What follows `body`; null for nothing. Called on workers if the server has any, one call at a
  // time, each once the piece before it has been sent.
  BodyProducer rest = nullptr;
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

// Whether a request takes no longer than handing it to a worker is worth: a millisecond or two.
// Asked on the thread that reads from sockets.
using QuickTest = std::function<bool(const HttpRequest&)>;

// Where a handler runs: one that only looks, on the thread that reads from sockets; one that waits
// (for the disk, a lock), on a worker, so that probes are answered meanwhile; one that may compute
// for long, on a worker of those, so that it keeps nobody else waiting.
enum class HandlerKind { kQuick, kSlow, kLong };

// Which handler answers what. Filled before the server starts, then constant.
class HttpRouter {
 public:
  // Requests that `is_quick` says so of are handled like those of kQuick.
  void Add(std::string method, std::string path, HttpHandler handler,
           HandlerKind kind = HandlerKind::kQuick, QuickTest is_quick = nullptr);
  // The same for all paths that begin so. Whole paths go first, then longer beginnings.
  void AddPrefix(std::string method, std::string prefix, HttpHandler handler,
                 HandlerKind kind = HandlerKind::kQuick, QuickTest is_quick = nullptr);

  // 404 for an unknown path, 405 with `Allow` for a known one with another method; a path that
  // takes OPTIONS alone is none. HEAD is answered as GET; the server leaves the body out.
  HttpResponse Route(const HttpRequest& request) const;

  // Where Route is to be called; kQuick when there is no handler.
  HandlerKind KindOf(const HttpRequest& request) const;

 private:
  struct Entry {
    HttpHandler handler;
    HandlerKind kind;
    QuickTest is_quick;
  };
  using Methods = std::map<std::string, Entry>;

  // What there is for a path, the most particular first.
  std::vector<const Methods*> Matching(const std::string& path) const;
  const Entry* Find(const HttpRequest& request) const;

  std::map<std::string, Methods> handlers_;  // By path.
  std::map<std::string, Methods> prefixes_;
};

// Splits "a=1&b=%20x" into decoded pairs; "+" is a space. Those with a bad escape or a semicolon
// are left out.
std::vector<std::pair<std::string, std::string>> ParseQueryString(std::string_view text);
// Bad escapes stay as they are.
std::string PercentDecode(std::string_view text, bool plus_is_space);

}  // namespace vigil::server
