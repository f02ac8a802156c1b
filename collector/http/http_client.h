// SPDX-License-Identifier: Apache-2.0
//
// One HTTP GET, on libcurl.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

namespace vigil::collector {

struct Fetched {
  std::string body;  // Decompressed.
  std::string content_type;
};

// Unavailable for network errors, answers other than 200 and bodies over `max_body_bytes`;
// DeadlineExceeded after `timeout_ms`. Thread-safe.
absl::StatusOr<Fetched> HttpFetch(const std::string& url, const std::vector<std::string>& headers,
                                  int64_t timeout_ms, size_t max_body_bytes);

}  // namespace vigil::collector
