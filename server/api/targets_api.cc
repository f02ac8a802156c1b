// SPDX-License-Identifier: Apache-2.0
#include "server/api/targets_api.h"

#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "base/duration.h"
#include "base/json_writer.h"
#include "base/status.h"
#include "collector/scrape/scrape_status.h"
#include "query/promql/parser.h"
#include "server/api/api_params.h"
#include "server/api/api_response.h"
#include "server/api/api_time.h"
#include "server/api/metadata_json.h"
#include "server/api/query_json.h"

namespace vigil::server {
namespace {

using collector::ScrapeStatus;
using collector::TargetHealth;
using collector::TargetStatus;

std::string_view HealthName(TargetHealth health) {
  switch (health) {
    case TargetHealth::kUp:
      return "up";
    case TargetHealth::kDown:
      return "down";
    case TargetHealth::kUnknown:
      return "unknown";
  }
  return "unknown";
}

std::string HostName() {
  char name[256] = {};
  // The last byte stays 0.
  return ::gethostname(name, sizeof(name) - 1) == 0 ? name : "localhost";
}

// The target's URL as others than this machine reach it.
std::string GlobalUrl(const TargetStatus& target) {
  std::string url = target.url;
  for (const std::string_view local : {"localhost", "127.0.0.1", "[::1]"}) {
    if (!target.address.starts_with(local)) continue;
    const size_t at = url.find(target.address);
    if (at != std::string::npos) url.replace(at, local.size(), HostName());
    break;
  }
  return url;
}

void Write(const TargetStatus& target, JsonWriter* json) {
  const auto text = [json](std::string_view key, std::string_view value) {
    json->Key(key);
    json->Text(value);
  };
  json->BeginObject();
  json->Key("discoveredLabels");
  WriteLabels(target.discovered_labels, json);
  json->Key("labels");
  WriteLabels(target.labels, json);
  text("scrapePool", target.job_name);
  text("scrapeUrl", target.url);
  text("globalUrl", GlobalUrl(target));
  text("lastError", target.last_error);
  text("lastScrape", ApiTimeText(target.last_scrape_ms));
  json->Key("lastScrapeDuration");
  json->Number(target.last_scrape_seconds);
  text("health", HealthName(target.health));
  text("scrapeInterval", FormatDurationMs(target.interval_ms));
  text("scrapeTimeout", FormatDurationMs(target.timeout_ms));
  json->EndObject();
}

void Write(const collector::DroppedTarget& target, JsonWriter* json) {
  json->BeginObject();
  json->Key("discoveredLabels");
  WriteLabels(target.discovered_labels, json);
  json->Key("scrapePool");
  json->Text(target.job_name);
  json->EndObject();
}

// Metadata of one metric of a target. `named`: the request says which metric.
void Write(const TargetStatus& target, const collector::MetricFamily& family, bool named,
           JsonWriter* json) {
  json->BeginObject();
  json->Key("target");
  WriteLabels(target.labels, json);
  if (!named) {
    json->Key("metric");
    json->Text(family.name);
  }
  json->Key("type");
  json->Text(storage::MetricTypeName(family.metadata.type));
  json->Key("help");
  json->Text(family.metadata.help);
  json->Key("unit");
  json->Text(family.metadata.unit);
  json->EndObject();
}

}  // namespace

absl::StatusOr<HttpResponse> ListTargets(const ApiParts& parts, const HttpRequest& request) {
  const ApiParams params(request);
  const std::string state = ToLower(params.First("state"));
  const std::string_view pool = params.First("scrapePool");
  const bool all = state.empty() || state == "any";
  const ScrapeStatus status = parts.scrapes();
  return Success([&](JsonWriter& json) {
    json.BeginObject();
    json.Key("activeTargets");
    json.BeginArray();
    for (const TargetStatus& target : status.targets) {
      if (!all && state != "active") break;
      if (pool.empty() || target.job_name == pool) Write(target, &json);
    }
    json.EndArray();
    json.Key("droppedTargets");
    json.BeginArray();
    for (const collector::DroppedTarget& target : status.dropped) {
      if (!all && state != "dropped") break;
      if (pool.empty() || target.job_name == pool) Write(target, &json);
    }
    json.EndArray();
    json.Key("droppedTargetCounts");
    if (all || state == "dropped") {
      json.BeginObject();
      for (const auto& [name, count] : status.dropped_counts) {
        json.EscapedKey(name);
        json.Int(static_cast<int64_t>(count));
      }
      json.EndObject();
    } else {
      json.Null();
    }
    json.EndObject();
  });
}

absl::StatusOr<HttpResponse> ListTargetMetadata(const ApiParts& parts, const HttpRequest& request) {
  const ApiParams params(request);
  VIGIL_ASSIGN_OR_RETURN(const int64_t limit, CountParameter(params, "limit"));
  Selector selector;
  if (const std::string_view text = params.First("match_target"); !text.empty()) {
    absl::StatusOr<Selector> parsed = promql::ParseSelector(text);
    if (!parsed.ok()) return AboutParameter("match_target", parsed.status());
    selector = *std::move(parsed);
  }
  const std::string_view metric = params.First("metric");
  const ScrapeStatus status = parts.scrapes();
  return Success([&](JsonWriter& json) {
    json.BeginArray();
    int64_t left = limit;
    for (const TargetStatus& target : status.targets) {
      if (target.families == nullptr || !MatchesAll(selector, target.labels)) continue;
      for (const collector::MetricFamily& family : *target.families) {
        if (!metric.empty() && family.name != metric) continue;
        if (left-- == 0) return json.EndArray();
        Write(target, family, !metric.empty(), &json);
      }
    }
    json.EndArray();
  });
}

absl::StatusOr<HttpResponse> ListScrapePools(const ApiParts& parts, const HttpRequest&) {
  const ScrapeStatus status = parts.scrapes();
  return Success([&status](JsonWriter& json) {
    json.BeginObject();
    json.Key("scrapePools");
    json.BeginArray();
    for (const std::string& name : status.job_names) json.Text(name);
    json.EndArray();
    json.EndObject();
  });
}

}  // namespace vigil::server
