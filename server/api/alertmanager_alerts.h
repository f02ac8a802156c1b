// SPDX-License-Identifier: Apache-2.0
//
// `/api/v2/alerts` and `/api/v2/alerts/groups`.
#pragma once

#include "server/api/alertmanager_parts.h"

namespace vigil::server {

AlertmanagerEndpoint ListManagedAlerts;
AlertmanagerEndpoint ListAlertGroups;
AlertmanagerEndpoint PostAlerts;

}  // namespace vigil::server
