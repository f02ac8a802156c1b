// SPDX-License-Identifier: Apache-2.0
//
// The routes of Alertmanager's API, version 2: other Prometheus servers send their alerts there,
// and people manage silences with tools that know it.
#pragma once

#include <functional>

#include "server/api/alertmanager_parts.h"
#include "server/http/http_types.h"

namespace vigil::server {

// Adds them. `parts` gives null as long as the server is not ready, which clients are told.
void AddAlertmanagerApi(std::function<const AlertmanagerParts*()> parts, HttpRouter* router);

}  // namespace vigil::server
