// SPDX-License-Identifier: Apache-2.0
#include "server/api/alertmanager_api.h"

#include <string>
#include <utility>

#include "server/api/alertmanager_alerts.h"
#include "server/api/alertmanager_silences.h"
#include "server/api/alertmanager_status.h"
#include "server/api/api_access.h"
#include "server/http/compression.h"

namespace vigil::server {
namespace {

constexpr const char* kRoot = "/api/v2/";
constexpr std::string_view kMethods = "GET, POST, DELETE, OPTIONS";

HttpHandler MakeHandler(const std::function<const AlertmanagerParts*()>& parts,
                        AlertmanagerEndpoint* endpoint) {
  return [parts, endpoint](const HttpRequest& request) {
    const AlertmanagerParts* const ready = parts();
    if (ready == nullptr) return NotReady();
    absl::StatusOr<HttpResponse> outcome = endpoint(*ready, request);
    HttpResponse response = outcome.ok() ? *std::move(outcome) : JsonError(outcome.status());
    AllowOrigin(request, kMethods, &response);
    return Compress(request, std::move(response));
  };
}

// What Alertmanager says to senders that know its first API only.
HttpResponse Gone(const HttpRequest&) {
  HttpResponse response = JsonAnswer([](JsonWriter& json) {
    json.BeginObject();
    json.TextMember("status", "deprecated");
    json.TextMember("error",
                    "Alertmanager's API version 1 is not supported: send alerts to /api/v2/alerts");
    json.EndObject();
  });
  response.status = 410;
  return response;
}

}  // namespace

void AddAlertmanagerApi(std::function<const AlertmanagerParts*()> parts, HttpRouter* router) {
  const auto add = [&](const char* method, const char* path, AlertmanagerEndpoint* endpoint) {
    router->Add(method, std::string(kRoot) + path, MakeHandler(parts, endpoint),
                HandlerKind::kSlow);
  };
  add("GET", "status", ShowManagerStatus);
  add("GET", "receivers", ListReceivers);
  add("GET", "alerts", ListManagedAlerts);
  add("GET", "alerts/groups", ListAlertGroups);
  add("POST", "alerts", PostAlerts);
  add("GET", "silences", ListSilences);
  add("POST", "silences", PostSilence);
  const std::string silence(kSilencePrefix);
  router->AddPrefix("GET", silence, MakeHandler(parts, ShowSilence), HandlerKind::kSlow);
  router->AddPrefix("DELETE", silence, MakeHandler(parts, ExpireSilence), HandlerKind::kSlow);
  router->AddPrefix("OPTIONS", kRoot, [](const HttpRequest& request) {
    HttpResponse response;
    response.status = 204;
    AllowOrigin(request, kMethods, &response);
    return response;
  });
  router->Add("POST", "/api/v1/alerts", Gone);
}

}  // namespace vigil::server
