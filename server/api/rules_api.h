// SPDX-License-Identifier: Apache-2.0
//
// What the rule engine does: `/api/v1/rules`, `/alerts` and `/alertmanagers`.
#pragma once

#include <string>
#include <string_view>

#include "server/api/api_parts.h"

namespace vigil::server {

ApiEndpoint ListRules;
ApiEndpoint ListAlerts;
// Outside ones that are sent alerts: vigil's own is part of it.
ApiEndpoint ListAlertmanagers;

// What names a group to those who read the rules page by page.
std::string GroupToken(std::string_view file, std::string_view group);

}  // namespace vigil::server
