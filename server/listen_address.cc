// SPDX-License-Identifier: Apache-2.0
#include "server/listen_address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <system_error>

#include <fmt/format.h>

namespace vigil::server {

std::string ListenAddress::ToString() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  const auto bad = [text] {
    return absl::InvalidArgumentError(fmt::format(
        "\"{}\" is not an address to listen on: write HOST:PORT, for example 127.0.0.1:4317 "
        "(ports go to 65535)",
        text));
  };
  if (colon == std::string_view::npos) return bad();
  ListenAddress address;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  address.host = host == "localhost" ? "127.0.0.1" : host.empty() ? "0.0.0.0" : std::string(host);
  const std::string_view port = text.substr(colon + 1);
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (parsed.ec != std::errc() || parsed.ptr != port.data() + port.size()) return bad();
  return address;
}

absl::Status CheckFree(const ListenAddress& address, std::string_view flag) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST;
  addrinfo* found = nullptr;
  const int result =
      ::getaddrinfo(address.host.c_str(), fmt::to_string(address.port).c_str(), &hints, &found);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> infos(found, &::freeaddrinfo);
  if (result != 0) {
    return absl::InvalidArgumentError(
        fmt::format("{} {}: {} is not an IP address", flag, address.ToString(), address.host));
  }
  const int fd = ::socket(infos->ai_family, infos->ai_socktype, infos->ai_protocol);
  const int reuse = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
  const bool free = ::bind(fd, infos->ai_addr, infos->ai_addrlen) == 0 && ::listen(fd, 1) == 0;
  const int error = errno;
  ::close(fd);
  if (free) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("cannot listen on {}: {}; stop what uses the port, or choose another with {} "
                  "(port 0 picks a free one)",
                  address.ToString(), std::generic_category().message(error), flag));
}

}  // namespace vigil::server
