// SPDX-License-Identifier: Apache-2.0
//
// How the ways in for data say over HTTP that nothing was stored.
#pragma once

#include <cstdint>

#include <absl/status/status.h>

#include "server/http/http_types.h"

namespace vigil::server {

// An answer with the HTTP status that `status`, which is not OK, means: 400, 413, 415, and 429 or
// 503, upon which senders try again, with Retry-After. Its body is the caller's to write.
HttpResponse WriteFailure(const absl::Status& status, int64_t retry_after_ms);

}  // namespace vigil::server
