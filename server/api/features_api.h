// SPDX-License-Identifier: Apache-2.0
//
// `/api/v1/features`: what this server can do, as Prometheus tells it.
#pragma once

#include "server/api/api_parts.h"

namespace vigil::server {

ApiEndpoint ShowFeatures;

}  // namespace vigil::server
