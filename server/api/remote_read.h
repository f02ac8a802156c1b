// SPDX-License-Identifier: Apache-2.0
//
// `POST /api/v1/read`: Prometheus remote read, samples or streamed chunks.
#pragma once

#include "server/api/api_parts.h"

namespace vigil::server {

ApiEndpoint RemoteRead;

}  // namespace vigil::server
