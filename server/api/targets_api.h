// SPDX-License-Identifier: Apache-2.0
//
// What is scraped: `/api/v1/targets`, `/targets/metadata` and `/scrape_pools`.
#pragma once

#include "server/api/api_parts.h"

namespace vigil::server {

ApiEndpoint ListTargets;
ApiEndpoint ListTargetMetadata;
ApiEndpoint ListScrapePools;

}  // namespace vigil::server
