// SPDX-License-Identifier: Apache-2.0
//
// What a query says, without running it: `/api/v1/format_query` and `/parse_query`.
#pragma once

#include "server/api/api_parts.h"

namespace vigil::server {

ApiEndpoint FormatQuery;
ApiEndpoint ParseQueryTree;

}  // namespace vigil::server
