// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.1 over a blocking socket: as little as it takes to send one request after another.
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "benchmarks/load/sender.h"

namespace vigil::load {
namespace {

constexpr size_t kShownBytes = 300;

// The value of a header in `head`, "" if it is not there.
std::string_view HeaderOf(std::string_view head, std::string_view name) {
  for (size_t at = head.find("\r\n"); at != std::string_view::npos;
       at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        ::strncasecmp(line.data(), name.data(), name.size()) == 0) {
      const std::string_view value = line.substr(name.size() + 1);
      return value.substr(std::min(value.find_first_not_of(' '), value.size()));
    }
  }
  return {};
}

class HttpSender final : public Sender {
 public:
  HttpSender(const std::string& server, std::string path, bool otlp)
      : host_(server.substr(0, server.rfind(':'))),
        port_(server.substr(server.rfind(':') + 1)),
        path_(std::move(path)),
        headers_(otlp ? "Content-Type: application/x-protobuf\r\n"
                      : "Content-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\n"
                        "X-Prometheus-Remote-Write-Version: 0.1.0\r\n") {}
  ~HttpSender() override { Disconnect(); }

  Answer Send(std::string_view body) override {
    // Once anew on a connection that the server has closed meanwhile.
    for (int attempt = 0; attempt < 2; ++attempt) {
      if (fd_ < 0 && !Connect()) break;
      if (std::string answer; Write(body) && Read(&answer)) return Judge(answer);
      Disconnect();
    }
    return {Outcome::kRefused, "the connection failed"};
  }

 private:
  bool Connect() {
    addrinfo hints = {};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host_.c_str(), port_.c_str(), &hints, &found) != 0) return false;
    fd_ = ::socket(found->ai_family, SOCK_STREAM, 0);
    const bool connected = fd_ >= 0 && ::connect(fd_, found->ai_addr, found->ai_addrlen) == 0;
    ::freeaddrinfo(found);
    const int on = 1;
    if (connected) ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return connected;
  }

  void Disconnect() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    buffer_.clear();
  }

  bool Write(std::string_view body) {
    const std::string head = fmt::format(
        "POST {} HTTP/1.1\r\nHost: {}:{}\r\nUser-Agent: send_load\r\n{}"
        "Content-Length: {}\r\n\r\n",
        path_, host_, port_, headers_, body.size());
    iovec parts[] = {{const_cast<char*>(head.data()), head.size()},
                     {const_cast<char*>(body.data()), body.size()}};
    msghdr message = {};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    while (message.msg_iovlen > 0) {
      ssize_t sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
      if (sent <= 0) return false;
      while (message.msg_iovlen > 0 && sent >= static_cast<ssize_t>(message.msg_iov->iov_len)) {
        sent -= static_cast<ssize_t>(message.msg_iov->iov_len);
        ++message.msg_iov;
        --message.msg_iovlen;
      }
      if (message.msg_iovlen > 0) {
        message.msg_iov->iov_base = static_cast<char*>(message.msg_iov->iov_base) + sent;
        message.msg_iov->iov_len -= sent;
      }
    }
    return true;
  }

  // One answer: up to the end of its head and as much as that announces.
  bool Read(std::string* answer) {
    size_t head = 0;
    while ((head = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!ReadSome()) return false;
    }
    head += 4;
    const std::string length(HeaderOf({buffer_.data(), head}, "content-length"));
    const size_t size = head + std::strtoull(length.c_str(), nullptr, 10);
    while (buffer_.size() < size) {
      if (!ReadSome()) return false;
    }
    *answer = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return true;
  }

  bool ReadSome() {
    char bytes[4096];
    const ssize_t count = ::recv(fd_, bytes, sizeof(bytes), 0);
    if (count > 0) buffer_.append(bytes, count);
    return count > 0;
  }

  static Answer Judge(const std::string& answer) {
    // "HTTP/1.1 204 No Content".
    const int status = answer.size() > 12 ? std::atoi(answer.c_str() + 9) : 0;
    if (status / 100 == 2) return {Outcome::kTaken, ""};
    if (status == 429 || status == 503) return {Outcome::kLater, answer.substr(0, kShownBytes)};
    return {Outcome::kRefused, answer.substr(0, kShownBytes)};
  }

  const std::string host_;
  const std::string port_;
  const std::string path_;
  const std::string headers_;
  int fd_ = -1;
  std::string buffer_;
};

}  // namespace

std::unique_ptr<Sender> MakeHttpSender(const std::string& server, const std::string& path,
                                       bool otlp) {
  return std::make_unique<HttpSender>(server, path, otlp);
}

}  // namespace vigil::load
