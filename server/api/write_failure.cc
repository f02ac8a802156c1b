// SPDX-License-Identifier: Apache-2.0
#include "server/api/write_failure.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/clock.h"

namespace vigil::server {
namespace {

int HttpStatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kOutOfRange:
      return 413;
    case absl::StatusCode::kUnimplemented:
      return 415;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    default:
      return 503;  // Nothing was stored; senders try again.
  }
}

}  // namespace

HttpResponse WriteFailure(const absl::Status& status, int64_t retry_after_ms) {
  HttpResponse response;
  response.status = HttpStatusOf(status);
  if (response.status == 429 || response.status == 503) {
    const int64_t seconds = (retry_after_ms + kMillisPerSecond - 1) / kMillisPerSecond;
    response.headers.emplace_back("Retry-After", fmt::to_string(std::max<int64_t>(1, seconds)));
  }
  return response;
}

}  // namespace vigil::server
