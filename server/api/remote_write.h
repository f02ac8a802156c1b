// SPDX-License-Identifier: Apache-2.0
//
// `POST /api/v1/write`: Prometheus remote write over HTTP.
#pragma once

#include <cstdint>
#include <functional>

#include <absl/status/statusor.h>

#include "collector/remote_write/remote_write_receiver.h"
#include "server/http/http_types.h"

namespace vigil::server {

// 204 when all was stored, 400 with the reasons when some was not or the request is broken; 413,
// 415, 429 and 503 (both with Retry-After) as the receiver's errors say. Those who send the second
// version are always told how much was stored.
HttpResponse ToWriteResponse(const absl::StatusOr<collector::WriteOutcome>& outcome,
                             collector::WriteVersion version, int64_t retry_after_ms);

// Adds the route. `receiver` gives null as long as the server is not ready, which senders are told.
void AddRemoteWrite(std::function<collector::RemoteWriteReceiver*()> receiver,
                    int64_t retry_after_ms, HttpRouter* router);

}  // namespace vigil::server
