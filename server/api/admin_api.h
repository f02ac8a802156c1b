// SPDX-License-Identifier: Apache-2.0
//
// `/api/v1/admin/tsdb/...`: deleting and copying metrics, for those whom the server lets. Unless
// ApiOptions::admin is set, all are refused as unavailable.
#pragma once

#include "server/api/api_parts.h"

namespace vigil::server {

// Removes the samples between `start` and `end` of the series that any `match[]` matches, for good.
ApiEndpoint DeleteSeries;
// What was deleted is gone already: answers that there is nothing to clean.
ApiEndpoint CleanTombstones;
// Makes a copy of the whole store in a new directory below ApiOptions::snapshot_dir and names it.
ApiEndpoint TakeSnapshot;

}  // namespace vigil::server
