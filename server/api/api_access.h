// SPDX-License-Identifier: Apache-2.0
//
// Who may ask, and when: what all APIs answer to pages of other origins, and before the server is
// ready.
#pragma once

#include <string_view>

#include "server/http/http_types.h"

namespace vigil::server {

// Lets pages of any origin ask by `methods` ("GET, POST, OPTIONS").
void AllowOrigin(const HttpRequest& request, std::string_view methods, HttpResponse* response);

// 503: to be tried again.
HttpResponse NotReady();

}  // namespace vigil::server
