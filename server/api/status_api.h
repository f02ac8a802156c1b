// SPDX-License-Identifier: Apache-2.0
//
// What the process says of itself: `/api/v1/status/...`.
#pragma once

#include "server/api/api_parts.h"

namespace vigil::server {

ApiEndpoint ShowBuildInfo;
ApiEndpoint ShowRuntimeInfo;
ApiEndpoint ShowConfig;
ApiEndpoint ShowFlags;
ApiEndpoint ShowNotifications;

// Answers as long as the server starts, too.
HttpResponse ShowWalReplay(const HttpRequest& request);

}  // namespace vigil::server
