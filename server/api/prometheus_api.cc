// SPDX-License-Identifier: Apache-2.0
#include "server/api/prometheus_api.h"

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "server/api/admin_api.h"
#include "server/api/alert_history_api.h"
#include "server/api/api_access.h"
#include "server/api/api_response.h"
#include "server/api/expr_api.h"
#include "server/api/features_api.h"
#include "server/api/federate.h"
#include "server/api/metadata_api.h"
#include "server/api/query_api.h"
#include "server/api/remote_read.h"
#include "server/api/rules_api.h"
#include "server/api/series_api.h"
#include "server/api/status_api.h"
#include "server/api/targets_api.h"
#include "server/api/tsdb_api.h"
#include "server/http/compression.h"

namespace vigil::server {
namespace {

constexpr const char* kRoot = "/api/v1/";

constexpr std::string_view kMethods = "GET, POST, OPTIONS";

HttpResponse PlainError(const absl::Status& status) {
  HttpResponse response = ErrorResponse(status);
  response.content_type = "text/plain; charset=utf-8";
  response.body = fmt::format("{}\n", MessageOf(status));
  return response;
}

class Routes {
 public:
  Routes(std::function<const ApiParts*()> parts, HttpRouter* router)
      : parts_(std::move(parts)), router_(*router) {}

  // Those that clients read by GET alone.
  void Get(const std::string& path, ApiEndpoint* endpoint) {
    router_.Add("GET", kRoot + path, Handler(endpoint), HandlerKind::kLong);
  }
  // Those that take forms too, as queries may be longer than URLs.
  void GetAndPost(const std::string& path, ApiEndpoint* endpoint) {
    Get(path, endpoint);
    router_.Add("POST", kRoot + path, Handler(endpoint), HandlerKind::kLong);
  }
  // Those that look names, values or series up: where there are few, in place.
  void LookUp(const std::string& path, ApiEndpoint* endpoint, uint64_t most_quick) {
    for (const char* const method : {"GET", "POST"}) {
      router_.Add(method, kRoot + path, Handler(endpoint), HandlerKind::kLong, AtMost(most_quick));
    }
  }
  void LookUpPrefix(std::string_view prefix, ApiEndpoint* endpoint, uint64_t most_quick) {
    router_.AddPrefix("GET", std::string(prefix), Handler(endpoint), HandlerKind::kLong,
                      AtMost(most_quick));
  }
  void Admin(const std::string& path, ApiEndpoint* endpoint) {
    for (const char* const method : {"POST", "PUT"}) {
      router_.Add(method, std::string(kRoot) + "admin/tsdb/" + path, Handler(endpoint),
                  HandlerKind::kLong);
    }
  }
  // Those that are read by other servers: errors are plain text, and bodies have the coding that
  // they are to have.
  void Plain(const std::string& method, const std::string& path, ApiEndpoint* endpoint,
             bool compress) {
    router_.Add(
        method, path,
        [parts = parts_, endpoint, compress](const HttpRequest& request) {
          const ApiParts* const ready = parts();
          if (ready == nullptr) return NotReady();
          absl::StatusOr<HttpResponse> outcome = endpoint(*ready, request);
          if (!outcome.ok()) return PlainError(outcome.status());
          return compress ? Compress(request, *std::move(outcome)) : *std::move(outcome);
        },
        HandlerKind::kLong);
  }
  void Options() {
    router_.AddPrefix("OPTIONS", kRoot, [](const HttpRequest& request) {
      HttpResponse response = NoData();
      AllowOrigin(request, kMethods, &response);
      return response;
    });
  }

 private:
  QuickTest AtMost(uint64_t series) const {
    return [parts = parts_, series](const HttpRequest& request) {
      const ApiParts* const ready = parts();
      return ready == nullptr || IsQuickLookup(*ready, request, series);
    };
  }
  HttpHandler Handler(ApiEndpoint* endpoint) const {
    return [parts = parts_, endpoint](const HttpRequest& request) {
      const ApiParts* const ready = parts();
      if (ready == nullptr) return NotReady();
      HttpResponse response = ToResponse(endpoint(*ready, request));
      AllowOrigin(request, kMethods, &response);
      return Compress(request, std::move(response));
    };
  }

  const std::function<const ApiParts*()> parts_;
  HttpRouter& router_;
};

}  // namespace

void AddPrometheusApi(std::function<const ApiParts*()> parts, HttpRouter* router) {
  Routes routes(std::move(parts), router);
  routes.Options();
  routes.GetAndPost("query", InstantQuery);
  routes.GetAndPost("query_range", RangeQuery);
  routes.GetAndPost("query_exemplars", QueryExemplars);
  routes.GetAndPost("format_query", FormatQuery);
  routes.GetAndPost("parse_query", ParseQueryTree);
  routes.LookUp("series", ListSeries, kQuickToList);
  routes.LookUp("labels", ListLabelNames, kQuickToScan);
  routes.LookUpPrefix(kLabelPrefix, ListLabelValues, kQuickToScan);
  routes.Get("metadata", ListMetadata);
  routes.Get("rules", ListRules);
  routes.Get("alerts", ListAlerts);
  routes.Get("alerts/history", ListAlertHistory);
  routes.Get("alertmanagers", ListAlertmanagers);
  routes.Get("targets", ListTargets);
  routes.Get("targets/metadata", ListTargetMetadata);
  routes.Get("scrape_pools", ListScrapePools);
  routes.Get("status/buildinfo", ShowBuildInfo);
  routes.Get("status/runtimeinfo", ShowRuntimeInfo);
  routes.Get("status/config", ShowConfig);
  routes.Get("status/flags", ShowFlags);
  routes.Get("status/tsdb", ShowTsdbStatus);
  routes.Get("status/tsdb/blocks", ListTsdbBlocks);
  routes.Get("notifications", ShowNotifications);
  routes.Get("features", ShowFeatures);
  routes.Admin("delete_series", DeleteSeries);
  routes.Admin("clean_tombstones", CleanTombstones);
  routes.Admin("snapshot", TakeSnapshot);
  routes.Plain("POST", std::string(kRoot) + "read", RemoteRead, false);
  routes.Plain("GET", "/federate", Federate, true);
  router->Add("GET", std::string(kRoot) + "status/walreplay", ShowWalReplay);
}

}  // namespace vigil::server
