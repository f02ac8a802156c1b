// SPDX-License-Identifier: Apache-2.0
//
// A small HTTP/1.1 server on a free port of this machine that answers by path:
//
//   /status/N     status N with the body "answer N"
//   /drop         closes the connection without an answer
//   /hang         never answers
//   /gate         answers 200 once Open was called
//   /flood        500 with a body of a mebibyte
//   others        what SetAnswer says, 404 without
#pragma once

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace vigil::alerting {

// Thread-safe. One thread accepts, each connection has one of its own.
class HttpTestServer {
 public:
  struct Request {
    std::string line;     // "POST /status/200 HTTP/1.1"
    std::string headers;  // The lines behind it.
    std::string body;
  };

  HttpTestServer();
  // Breaks off what hangs.
  ~HttpTestServer();
  HttpTestServer(const HttpTestServer&) = delete;
  HttpTestServer& operator=(const HttpTestServer&) = delete;

  std::string Url(const std::string& path) const;
  // The requests that were read completely, in that order.
  std::vector<Request> Requests() const;
  // Returns when that many have been read.
  void AwaitRequests(size_t count) const;
  // What `path` answers from now on; `headers` are whole lines with CR LF.
  void SetAnswer(const std::string& path, int status, std::string headers, std::string body);
  // Lets the requests for /gate go on, now and later.
  void Open();

 private:
  void Accept();
  void Serve(int connection);
  void Answer(int connection, const std::string& path);
  // Waits until the client closes or the server stops.
  void Hang(int connection);

  int listener_ = -1;
  int port_ = 0;
  int stop_[2] = {-1, -1};  // A pipe: its end is readable once the server stops.
  std::thread acceptor_;

  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::vector<Request> requests_ ABSL_GUARDED_BY(mutex_);
  struct Prepared {
    int status = 404;
    std::string headers;
    std::string body;
  };
  std::map<std::string, Prepared> prepared_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> connections_ ABSL_GUARDED_BY(mutex_);
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace vigil::alerting
