// SPDX-License-Identifier: Apache-2.0
#include "server/api/metadata_api.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/status.h"
#include "query/promql/parser.h"
#include "query/promql/selectors.h"
#include "server/api/api_params.h"
#include "server/api/api_response.h"
#include "server/api/metadata_json.h"
#include "server/api/query_json.h"

namespace vigil::server {
namespace {

// In one answer, some 10 MB; a chart shows a few hundred.
constexpr size_t kMaxExemplars = 100'000;

using FoundExemplars = std::map<storage::Labels, std::vector<storage::Exemplar>>;

void Write(const storage::Exemplar& exemplar, JsonWriter* json) {
  json->BeginObject();
  json->Key("labels");
  WriteLabels(exemplar.labels, json);
  json->Key("value");
  json->SampleValue(exemplar.value);
  json->Key("timestamp");
  json->SampleTime(exemplar.time_ms);
  json->EndObject();
}

HttpResponse ToResponse(const FoundExemplars& found) {
  return Success([&found](JsonWriter& json) {
    json.BeginArray();
    for (const auto& [labels, exemplars] : found) {
      json.BeginObject();
      json.Key("seriesLabels");
      WriteLabels(labels, &json);
      json.Key("exemplars");
      json.BeginArray();
      for (const storage::Exemplar& exemplar : exemplars) Write(exemplar, &json);
      json.EndArray();
      json.EndObject();
    }
    json.EndArray();
  });
}

}  // namespace

absl::StatusOr<int64_t> CountParameter(const ApiParams& params, std::string_view name) {
  const std::string_view text = params.First(name);
  if (text.empty()) return -1;
  const absl::StatusOr<int64_t> count = ParseGoInt(text);
  if (count.ok()) return count;
  return absl::InvalidArgumentError(fmt::format("{} must be a number", name));
}

void WriteMetadataFields(const storage::MetricMetadata& metadata, JsonWriter* json) {
  json->Key("type");
  json->Text(storage::MetricTypeName(metadata.type));
  json->Key("unit");
  json->Text(metadata.unit);
  json->Key("help");
  json->Text(metadata.help);
}

absl::StatusOr<HttpResponse> ListMetadata(const ApiParts& parts, const HttpRequest& request) {
  const ApiParams params(request);
  VIGIL_ASSIGN_OR_RETURN(int64_t limit, CountParameter(params, "limit"));
  VIGIL_RETURN_IF_ERROR(CountParameter(params, "limit_per_metric").status());
  VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(parts, request));
  const std::string_view wanted = params.First("metric");
  // One entry a metric is kept, so limit_per_metric never leaves one out.
  std::map<std::string, storage::MetricMetadata> found;
  for (auto& [name, metadata] : parts.storage->MetricMetadataOf(tenant)) {
    if (wanted.empty() || name == wanted) found.emplace(std::move(name), std::move(metadata));
  }
  return Success([&found, limit](JsonWriter& json) mutable {
    json.BeginObject();
    for (const auto& [name, metadata] : found) {
      if (limit-- == 0) break;
      json.EscapedKey(name);
      json.BeginArray();
      json.BeginObject();
      WriteMetadataFields(metadata, &json);
      json.EndObject();
      json.EndArray();
    }
    json.EndObject();
  });
}

absl::StatusOr<HttpResponse> QueryExemplars(const ApiParts& parts, const HttpRequest& request) {
  const ApiParams params(request);
  VIGIL_ASSIGN_OR_RETURN(const TimeRange range, OptionalRange(params));
  if (range.end_ms < range.start_ms) {
    return absl::InvalidArgumentError("end timestamp must not be before start timestamp");
  }
  VIGIL_ASSIGN_OR_RETURN(
      const promql::ExprPtr expr,
      promql::ParseExpr(params.First("query"), parts.engine->options().language));
  const std::vector<const promql::VectorSelector*> selectors = promql::SelectorsOf(*expr);
  if (selectors.empty()) return NoData();
  VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(parts, request));
  VIGIL_ASSIGN_OR_RETURN(const QueryGate::Pass pass,
                         EnterGate(parts, request, parts.engine->options().timeout_ms));
  FoundExemplars found;
  size_t count = 0;
  for (const promql::VectorSelector* const selector : selectors) {
    VIGIL_ASSIGN_OR_RETURN(std::vector<storage::ExemplarSeries> some,
                           parts.storage->ReadExemplars(tenant, selector->matchers, range));
    for (storage::ExemplarSeries& series : some) {
      const size_t exemplars = series.exemplars.size();
      if (!found.try_emplace(series.labels, std::move(series.exemplars)).second) continue;
      count += exemplars;
      if (count > kMaxExemplars) {
        return absl::ResourceExhaustedError(fmt::format(
            "there are more than {} exemplars: narrow the selector or the range", kMaxExemplars));
      }
    }
  }
  return ToResponse(found);
}

}  // namespace vigil::server
