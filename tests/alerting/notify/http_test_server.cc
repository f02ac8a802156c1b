// SPDX-License-Identifier: Apache-2.0
#include "tests/alerting/notify/http_test_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

constexpr size_t kFloodBytes = 1 << 20;

void WriteAll(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

void Respond(int connection, int status, std::string_view body, std::string_view headers = {}) {
  WriteAll(connection, fmt::format("HTTP/1.1 {} Status\r\nContent-Length: {}\r\n{}"
                                   "Connection: close\r\n\r\n{}",
                                   status, body.size(), headers, body));
}

size_t ContentLength(std::string_view headers) {
  const std::string lower = ToLower(headers);
  const size_t at = lower.find("content-length:");
  if (at == std::string::npos) return 0;
  return std::strtoul(lower.c_str() + at + std::string_view("content-length:").size(), nullptr, 10);
}

}  // namespace

HttpTestServer::HttpTestServer() {
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

HttpTestServer::~HttpTestServer() {
  std::vector<std::thread> connections;
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  ::close(stop_[1]);
  acceptor_.join();
  {
    MutexLock lock(&mutex_);
    connections = std::move(connections_);
  }
  for (std::thread& connection : connections) connection.join();
  ::close(stop_[0]);
  ::close(listener_);
}

std::string HttpTestServer::Url(const std::string& path) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, path);
}

std::vector<HttpTestServer::Request> HttpTestServer::Requests() const {
  MutexLock lock(&mutex_);
  return requests_;
}

void HttpTestServer::AwaitRequests(size_t count) const {
  MutexLock lock(&mutex_);
  while (requests_.size() < count) changed_.wait(mutex_);
}

void HttpTestServer::SetAnswer(const std::string& path, int status, std::string headers,
                               std::string body) {
  MutexLock lock(&mutex_);
  prepared_[path] = {status, std::move(headers), std::move(body)};
}

void HttpTestServer::Open() {
  {
    MutexLock lock(&mutex_);
    open_ = true;
  }
  changed_.notify_all();
}

void HttpTestServer::Accept() {
  while (true) {
    pollfd polled[] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    ::poll(polled, 2, -1);
    if (polled[1].revents != 0) return;
    const int connection = ::accept(listener_, nullptr, nullptr);
    if (connection < 0) continue;
    MutexLock lock(&mutex_);
    connections_.emplace_back([this, connection] {
      Serve(connection);
      ::close(connection);
    });
  }
}

void HttpTestServer::Serve(int connection) {
  std::string data;
  size_t head = std::string::npos;
  while (head == std::string::npos ||
         data.size() < head + 4 + ContentLength(data.substr(0, head))) {
    char buffer[65536];
    pollfd polled[] = {{connection, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    ::poll(polled, 2, -1);
    const ssize_t count =
        polled[1].revents != 0 ? 0 : ::recv(connection, buffer, sizeof(buffer), 0);
    if (count <= 0) return;
    data.append(buffer, static_cast<size_t>(count));
    if (head == std::string::npos) head = data.find("\r\n\r\n");
  }
  const size_t line = data.find("\r\n");
  Request request{data.substr(0, line), data.substr(line + 2, head - line), data.substr(head + 4)};
  const std::string path = std::string(Split(request.line, ' ').at(1));
  {
    MutexLock lock(&mutex_);
    requests_.push_back(std::move(request));
  }
  changed_.notify_all();
  Answer(connection, path);
}

void HttpTestServer::Answer(int connection, const std::string& path) {
  constexpr std::string_view kStatus = "/status/";
  if (path.starts_with(kStatus)) {
    const std::string status = path.substr(kStatus.size());
    Respond(connection, std::stoi(status), fmt::format("answer {}", status));
  } else if (path == "/hang") {
    Hang(connection);
  } else if (path == "/gate") {
    {
      MutexLock lock(&mutex_);
      while (!open_ && !stopping_) changed_.wait(mutex_);
    }
    Respond(connection, 200, "");
  } else if (path == "/flood") {
    Respond(connection, 500, std::string(kFloodBytes, 'x'));
  } else if (path != "/drop") {
    Prepared prepared;
    {
      MutexLock lock(&mutex_);
      if (const auto at = prepared_.find(path); at != prepared_.end()) prepared = at->second;
    }
    Respond(connection, prepared.status, prepared.body, prepared.headers);
  }
}

void HttpTestServer::Hang(int connection) {
  pollfd polled[] = {{connection, POLLRDHUP, 0}, {stop_[0], POLLIN, 0}};
  ::poll(polled, 2, -1);
}

}  // namespace vigil::alerting
