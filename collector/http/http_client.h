// SPDX-License-Identifier: Apache-2.0
//
// HTTP GETs on libcurl, many at a time from one thread, over connections that are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "base/http/http_config.h"

namespace vigil::collector {

struct HttpGet {
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  bool compression = true;
  int64_t timeout_ms = 0;
  size_t max_body_bytes = 0;  // Decompressed.
};

struct HttpAnswer {
  std::string body;  // Decompressed.
  std::string content_type;
};

// Thread-safe.
class HttpClient {
 public:
  // Called once, on the client's thread or within Get; must not block. Unavailable for network
  // errors and answers other than 200; DeadlineExceeded after the timeout; ResourceExhausted for
  // bodies over the limit; Cancelled when the client ends.
  using Done = std::function<void(absl::StatusOr<HttpAnswer>)>;

  static absl::StatusOr<std::unique_ptr<HttpClient>> Start(std::string user_agent);
  // Ends what is under way.
  virtual ~HttpClient() = default;

  // Reads files that `config` names here, on the caller's thread.
  virtual void Get(HttpGet get, const HttpConfig& config, Done done) = 0;
};

}  // namespace vigil::collector
