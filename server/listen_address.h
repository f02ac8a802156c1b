// SPDX-License-Identifier: Apache-2.0
//
// Addresses to listen on, as flags and configuration give them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

namespace vigil::server {

struct ListenAddress {
  std::string host;
  uint16_t port = 0;  // 0 picks a free one.

  std::string ToString() const;
};

// "HOST:PORT" with an IP address or "localhost"; IPv6 in brackets.
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text);

// FailedPrecondition, with what to do, when something else listens there. gRPC only says that it
// could not, so it is found out beforehand.
absl::Status CheckFree(const ListenAddress& address, std::string_view flag);

}  // namespace vigil::server
