// SPDX-License-Identifier: Apache-2.0
//
// `/api/v2/status` and `/api/v2/receivers`.
#pragma once

#include "server/api/alertmanager_parts.h"

namespace vigil::server {

AlertmanagerEndpoint ShowManagerStatus;
AlertmanagerEndpoint ListReceivers;

}  // namespace vigil::server
