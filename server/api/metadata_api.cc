// SPDX-License-Identifier: Apache-2.0
#include "server/api/metadata_api.h"

#include <algorithm>
#include <functional>
#include <iterator>
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

using SeriesMetadata = std::map<std::string, storage::MetricMetadata, std::less<>>;
// By the names of metrics. Of one name there may be several types.
using FamilyMetadata = std::map<std::string, std::vector<storage::MetricMetadata>>;

// The histogram or summary that the series `name` is a part of; `name` itself if it is none.
std::string_view FamilyOf(std::string_view name, storage::MetricType type,
                          const SeriesMetadata& all) {
  static constexpr std::string_view kParts[] = {"_bucket", "_count", "_sum"};
  const bool histogram =
      type == storage::MetricType::kHistogram || type == storage::MetricType::kGaugeHistogram;
  if (!histogram && type != storage::MetricType::kSummary) return name;
  for (const std::string_view part : kParts) {
    if (name.size() <= part.size() || !name.ends_with(part)) continue;
    const std::string_view family = name.substr(0, name.size() - part.size());
    // A native histogram may be named like a part, but then it has no others beside it.
    const auto is_there = [&](std::string_view other) {
      const auto found = all.find(std::string(family) + std::string(other));
      return other != part && found != all.end() && found->second.type == type;
    };
    if (is_there("") || std::any_of(std::begin(kParts), std::end(kParts), is_there)) return family;
  }
  return name;
}

// Of each metric and type the metadata of one series.
FamilyMetadata FamiliesOf(const SeriesMetadata& all) {
  FamilyMetadata families;
  for (const auto& [name, metadata] : all) {
    std::vector<storage::MetricMetadata>& family =
        families[std::string(FamilyOf(name, metadata.type, all))];
    const bool known = std::any_of(family.begin(), family.end(),
                                   [&](const auto& other) { return other.type == metadata.type; });
    if (!known) family.push_back(metadata);
  }
  return families;
}

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
  VIGIL_ASSIGN_OR_RETURN(const int64_t limit_per_metric,
                         CountParameter(params, "limit_per_metric"));
  VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(parts, request));
  const std::string_view wanted = params.First("metric");
  SeriesMetadata all;
  for (auto& [name, metadata] : parts.storage->MetricMetadataOf(tenant)) {
    all.emplace(std::move(name), std::move(metadata));
  }
  const FamilyMetadata families = FamiliesOf(all);
  return Success([&families, limit, limit_per_metric, wanted](JsonWriter& json) mutable {
    json.BeginObject();
    for (const auto& [name, family] : families) {
      if (!wanted.empty() && name != wanted) continue;
      if (limit-- == 0) break;
      json.EscapedKey(name);
      json.BeginArray();
      int64_t told = 0;
      for (const storage::MetricMetadata& metadata : family) {
        if (limit_per_metric > 0 && told++ == limit_per_metric) break;
        json.BeginObject();
        WriteMetadataFields(metadata, &json);
        json.EndObject();
      }
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
