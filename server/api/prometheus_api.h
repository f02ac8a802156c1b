// SPDX-License-Identifier: Apache-2.0
//
// The routes of the Prometheus HTTP API.
#pragma once

#include <functional>

#include "server/api/api_parts.h"
#include "server/http/http_types.h"

namespace vigil::server {

// Adds them. `parts` gives null as long as the server is not ready, which clients are told.
void AddPrometheusApi(std::function<const ApiParts*()> parts, HttpRouter* router);

}  // namespace vigil::server
