// SPDX-License-Identifier: Apache-2.0
//
// `/api/v1/status/tsdb`: which metrics and labels make the most series, and its blocks.
#pragma once

#include "server/api/api_parts.h"

namespace vigil::server {

// Counts the series that had samples within the last hours, as the head of a Prometheus holds them.
// What needs samples is estimated from some of many series.
ApiEndpoint ShowTsdbStatus;
// There are none of the kind that the endpoint tells of: samples are in a key-value store.
ApiEndpoint ListTsdbBlocks;

}  // namespace vigil::server
