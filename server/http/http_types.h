// SPDX-License-Identifier: Apache-2.0
//
// HTTP requests and answers as handlers see them: plain values, so that what answers can be tested
// without a network.
#pragma once

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
  std::map<std::string, std::string> headers;
  std::string body;

  // The first value of a parameter, "" if it is not there.
  std::string_view Parameter(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

// Where a handler runs: one that only looks, on the thread that reads from sockets; one that waits
// (for the disk, a lock) or computes, on a worker, so that probes are answered meanwhile.
enum class HandlerKind { kQuick, kSlow };

// Which handler answers what. Filled before the server starts, then constant.
class HttpRouter {
 public:
  void Add(std::string method, std::string path, HttpHandler handler,
           HandlerKind kind = HandlerKind::kQuick);

  // 404 for an unknown path, 405 with `Allow` for a known one with another method. HEAD is answered
  // as GET; the server leaves the body out.
  HttpResponse Route(const HttpRequest& request) const;

  // Of the handler that Route would call; kQuick when there is none.
  HandlerKind KindOf(const HttpRequest& request) const;

 private:
  struct Entry {
    HttpHandler handler;
    HandlerKind kind;
  };
  const Entry* Find(const HttpRequest& request) const;

  std::map<std::string, std::map<std::string, Entry>> handlers_;  // Path -> method.
};

// Splits "a=1&b=%20x" into decoded pairs; "+" is a space.
std::vector<std::pair<std::string, std::string>> ParseQueryString(std::string_view text);
// Bad escapes stay as they are.
std::string PercentDecode(std::string_view text, bool plus_is_space);

}  // namespace vigil::server
