// SPDX-License-Identifier: Apache-2.0
//
// A small SMTP server on a free port of this machine. It speaks no TLS (tests/e2e does) and takes
// any login.
#pragma once

#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace vigil::alerting {

// Thread-safe. Serves one connection at a time.
class SmtpTestServer {
 public:
  struct Mail {
    std::string hello;
    std::string from;
    std::vector<std::string> recipients;
    std::string login;  // What the client said behind AUTH, and after.
    std::string data;   // Without the dot at the end.
  };

  SmtpTestServer();
  ~SmtpTestServer();
  SmtpTestServer(const SmtpTestServer&) = delete;
  SmtpTestServer& operator=(const SmtpTestServer&) = delete;

  int port() const { return port_; }
  // What EHLO offers, as lines: "AUTH PLAIN LOGIN".
  void Offer(std::vector<std::string> extensions);
  // The answer to the command that begins so, from now on: ("RCPT", "550 no such user").
  void Refuse(std::string command, std::string answer);
  std::vector<Mail> Mails() const;

 private:
  void Accept();
  void Serve(int connection);
  bool Login(int connection, const std::string& line, std::string* buffer, Mail* mail);
  std::string Refusal(const std::string& line) const;

  int listener_ = -1;
  int port_ = 0;
  int stop_[2] = {-1, -1};  // A pipe: its end is readable once the server stops.
  std::thread acceptor_;

  mutable Mutex mutex_;
  std::vector<std::string> extensions_ ABSL_GUARDED_BY(mutex_);
  std::string refused_ ABSL_GUARDED_BY(mutex_);
  std::string refusal_ ABSL_GUARDED_BY(mutex_);
  std::vector<Mail> mails_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::alerting
