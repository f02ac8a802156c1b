// SPDX-License-Identifier: Apache-2.0
//
// `/api/v1/query` and `/api/v1/query_range`.
#pragma once

#include "server/api/api_parts.h"

namespace vigil::server {

ApiEndpoint InstantQuery;
ApiEndpoint RangeQuery;

}  // namespace vigil::server
