// SPDX-License-Identifier: Apache-2.0
//
// What became of alerts: `/api/v1/alerts/history`, which Prometheus does not have. Parameters:
// `start`, `end`, `match[]` (of the alerts' labels, several are alternatives), `rule[]`,
// `change[]` and `limit`, which keeps the newest.
#pragma once

#include "server/api/api_parts.h"

namespace vigil::server {

ApiEndpoint ListAlertHistory;

}  // namespace vigil::server
