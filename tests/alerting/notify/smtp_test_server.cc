// SPDX-License-Identifier: Apache-2.0
#include "tests/alerting/notify/smtp_test_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "base/status.h"

namespace vigil::alerting {
namespace {

void Say(int connection, const std::string& line) {
  const std::string bytes = line + "\r\n";
  (void)::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

// Up to `end`, without it; false when the client or the server goes.
bool ReadTo(int connection, int stop, const std::string& end, std::string* buffer,
            std::string* text) {
  size_t at = std::string::npos;
  while ((at = buffer->find(end)) == std::string::npos) {
    char bytes[4096];
    pollfd polled[] = {{connection, POLLIN, 0}, {stop, POLLIN, 0}};
    ::poll(polled, 2, -1);
    const ssize_t count = polled[1].revents != 0 ? 0 : ::recv(connection, bytes, sizeof(bytes), 0);
    if (count <= 0) return false;
    buffer->append(bytes, static_cast<size_t>(count));
  }
  *text = buffer->substr(0, at);
  buffer->erase(0, at + end.size());
  return true;
}

}  // namespace

SmtpTestServer::SmtpTestServer() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  VIGIL_CHECK(::bind(listener_, generic, size) == 0);
  VIGIL_CHECK(::listen(listener_, SOMAXCONN) == 0);
  VIGIL_CHECK(::getsockname(listener_, generic, &size) == 0);
  VIGIL_CHECK(::pipe(stop_) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

SmtpTestServer::~SmtpTestServer() {
  ::close(stop_[1]);
  acceptor_.join();
  ::close(stop_[0]);
  ::close(listener_);
}

void SmtpTestServer::Offer(std::vector<std::string> extensions) {
  MutexLock lock(&mutex_);
  extensions_ = std::move(extensions);
}

void SmtpTestServer::Refuse(std::string command, std::string answer) {
  MutexLock lock(&mutex_);
  refused_ = std::move(command);
  refusal_ = std::move(answer);
}

std::vector<SmtpTestServer::Mail> SmtpTestServer::Mails() const {
  MutexLock lock(&mutex_);
  return mails_;
}

void SmtpTestServer::Accept() {
  while (true) {
    pollfd polled[] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    ::poll(polled, 2, -1);
    if (polled[1].revents != 0) return;
    const int connection = ::accept(listener_, nullptr, nullptr);
    if (connection < 0) continue;
    Serve(connection);
    ::close(connection);
  }
}

std::string SmtpTestServer::Refusal(const std::string& line) const {
  MutexLock lock(&mutex_);
  return !refused_.empty() && line.starts_with(refused_) ? refusal_ : "";
}

void SmtpTestServer::Serve(int connection) {
  Say(connection, "220 test");
  std::string buffer;
  std::string line;
  Mail mail;
  while (ReadTo(connection, stop_[0], "\r\n", &buffer, &line)) {
    if (const std::string refusal = Refusal(line); !refusal.empty()) {
      Say(connection, refusal);
    } else if (line.starts_with("EHLO ")) {
      mail.hello = line.substr(5);
      MutexLock lock(&mutex_);
      for (const std::string& extension : extensions_) Say(connection, "250-" + extension);
      Say(connection, "250 8BITMIME");
    } else if (line.starts_with("AUTH ")) {
      if (!Login(connection, line, &buffer, &mail)) return;
    } else if (line.starts_with("MAIL FROM:")) {
      mail.from = line.substr(10);
      Say(connection, "250 ok");
    } else if (line.starts_with("RCPT TO:")) {
      mail.recipients.push_back(line.substr(8));
      Say(connection, "250 ok");
    } else if (line == "DATA") {
      Say(connection, "354 go on");
      if (!ReadTo(connection, stop_[0], "\r\n.\r\n", &buffer, &mail.data)) return;
      {
        MutexLock lock(&mutex_);
        mails_.push_back(mail);
      }
      Say(connection, "250 taken");
    } else if (line == "QUIT") {
      Say(connection, "221 bye");
      return;
    } else {
      Say(connection, "500 what?");
    }
  }
}

bool SmtpTestServer::Login(int connection, const std::string& line, std::string* buffer,
                           Mail* mail) {
  mail->login = line.substr(5);
  // In how many steps the client goes on, after what.
  std::vector<std::string> challenges;
  if (line == "AUTH PLAIN") challenges = {""};
  if (line == "AUTH LOGIN") challenges = {"VXNlcm5hbWU6", "UGFzc3dvcmQ6"};
  if (line.starts_with("AUTH CRAM-MD5")) challenges = {"PDE3ODkzLjEzMjA2NzkxMjNAdGVzdD4="};
  for (const std::string& challenge : challenges) {
    Say(connection, "334 " + challenge);
    std::string answer;
    if (!ReadTo(connection, stop_[0], "\r\n", buffer, &answer)) return false;
    mail->login += " " + answer;
  }
  Say(connection, "235 welcome");
  return true;
}

}  // namespace vigil::alerting
