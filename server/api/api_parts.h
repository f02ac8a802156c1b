// SPDX-License-Identifier: Apache-2.0
//
// What the endpoints of the Prometheus API work on. An endpoint is a function from a request to an
// answer or an error, see server/api/api_response.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/history/alert_history.h"
#include "alerting/rules/rule_engine.h"
#include "base/clock.h"
#include "collector/scrape/scrape_status.h"
#include "query/cache/range_cache.h"
#include "query/exec/engine.h"
#include "server/http/http_types.h"
#include "server/query_gate.h"
#include "storage/storage.h"

namespace vigil::server {

// What the process tells of itself. Asked for at each request.
struct ApiProcess {
  std::string version;
  int64_t started_at_ms = 0;
  int64_t config_loaded_at_ms = 0;
  bool last_reload_ok = true;
  uint64_t memory_limit_bytes = 0;
  int64_t retention_ms = 0;  // 0: for ever.
  int64_t corrupt_blocks = 0;
  std::string config_yaml;
  std::map<std::string, std::string> flags;  // As Prometheus names them, where it has them.
};

struct ApiOptions {
  // Queries that take longer are told in the log; 0 tells of none.
  int64_t slow_query_ms = 10'000;
  // What other servers know this one's series by: added to what they read or scrape.
  storage::Labels external_labels;
  // Whether those who may ask may also delete and copy metrics; where copies go.
  bool admin = false;
  std::string snapshot_dir;
};

// All borrowed; all must outlive the routes.
struct ApiParts {
  storage::Storage* storage = nullptr;
  const exec::Engine* engine = nullptr;
  cache::RangeCache* ranges = nullptr;
  const Clock* clock = nullptr;
  QueryGate* gate = nullptr;
  const alerting::RuleEngine* rules = nullptr;
  const alerting::AlertHistory* history = nullptr;
  std::function<collector::ScrapeStatus()> scrapes;
  std::function<ApiProcess()> process;
  // Where alerts are sent to beside vigil's own alert manager; null: nowhere.
  std::function<std::vector<std::string>()> alertmanagers;
  ApiOptions options;
};

using ApiEndpoint = absl::StatusOr<HttpResponse>(const ApiParts& parts, const HttpRequest& request);

// The tenant that a request names in its `x-scope-orgid` header. Asking makes none.
absl::StatusOr<storage::TenantId> TenantOf(const ApiParts& parts, const HttpRequest& request);

// Leave to run a query, as long as there is time and the client waits. Unavailable when too many
// wait.
absl::StatusOr<QueryGate::Pass> EnterGate(const ApiParts& parts, const HttpRequest& request,
                                          int64_t timeout_ms);

}  // namespace vigil::server
