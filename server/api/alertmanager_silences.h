// SPDX-License-Identifier: Apache-2.0
//
// `/api/v2/silences` and `/api/v2/silence/ID`.
#pragma once

#include "server/api/alertmanager_parts.h"

namespace vigil::server {

inline constexpr std::string_view kSilencePrefix = "/api/v2/silence/";

AlertmanagerEndpoint ListSilences;
AlertmanagerEndpoint PostSilence;
AlertmanagerEndpoint ShowSilence;
AlertmanagerEndpoint ExpireSilence;

}  // namespace vigil::server
