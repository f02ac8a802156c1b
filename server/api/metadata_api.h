// SPDX-License-Identifier: Apache-2.0
//
// What is known of metrics beside their samples: `/api/v1/metadata` and `/query_exemplars`.
#pragma once

#include "server/api/api_parts.h"

namespace vigil::server {

ApiEndpoint ListMetadata;
ApiEndpoint QueryExemplars;

}  // namespace vigil::server
