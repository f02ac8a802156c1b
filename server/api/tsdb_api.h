// SPDX-License-Identifier: Apache-2.0
//
// `/api/v1/status/tsdb`: which metrics and labels make the most series.
#pragma once

#include "server/api/api_parts.h"

namespace vigil::server {

// Counts the series that had samples within the last hours, as the head of a Prometheus holds them.
ApiEndpoint ShowTsdbStatus;

}  // namespace vigil::server
