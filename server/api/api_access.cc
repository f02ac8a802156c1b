// SPDX-License-Identifier: Apache-2.0
#include "server/api/api_access.h"

namespace vigil::server {

void AllowOrigin(const HttpRequest& request, std::string_view methods, HttpResponse* response) {
  response->headers.emplace_back("Vary", "Origin");
  const std::string_view origin = request.Header("origin");
  if (origin.empty()) return;
  response->headers.emplace_back("Access-Control-Allow-Headers",
                                 "Accept, Authorization, Content-Type, Origin");
  response->headers.emplace_back("Access-Control-Allow-Methods", methods);
  response->headers.emplace_back("Access-Control-Allow-Origin", origin);
  response->headers.emplace_back("Access-Control-Expose-Headers", "Date");
}

HttpResponse NotReady() {
  return {503, "text/plain; charset=utf-8", "Service Unavailable", {{"Retry-After", "1"}}};
}

}  // namespace vigil::server
