// SPDX-License-Identifier: Apache-2.0
//
// `POST /v1/metrics`, `/v1/logs` and `/v1/traces`: OTLP over HTTP, as protobuf or JSON. The same
// below `/api/v1/otlp`, where Prometheus has it.
// https://opentelemetry.io/docs/specs/otlp/#otlphttp
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "collector/otlp/otlp_service.h"
#include "server/http/http_types.h"

namespace vigil::server {

struct OtlpHttpOptions {
  size_t max_request_bytes = 64 << 20;  // Decompressed.
  int64_t retry_after_ms = 1000;
};

// Adds the routes. `services` gives null as long as the server is not ready, which senders are
// told.
void AddOtlpHttp(std::function<collector::OtlpServices*()> services, const OtlpHttpOptions& options,
                 HttpRouter* router);

}  // namespace vigil::server
