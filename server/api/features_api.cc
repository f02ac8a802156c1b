// SPDX-License-Identifier: Apache-2.0
#include "server/api/features_api.h"

#include <map>
#include <string>

#include "base/json_writer.h"
#include "query/promql/functions.h"
#include "server/api/api_response.h"

namespace vigil::server {
namespace {

// By group and name, in the order in which they are shown.
using Features = std::map<std::string, std::map<std::string, bool>>;

void AddLanguage(const exec::EngineOptions& engine, Features* features) {
  const bool experimental = engine.language.experimental_functions;
  (*features)["promql"] = {{"anchored", true},
                           {"at_modifier", true},
                           {"bool", true},
                           {"by", true},
                           {"delayed_name_removal", engine.delayed_name_removal},
                           {"duration_expr", true},
                           {"experimental_functions", experimental},
                           {"fill", true},
                           {"group_left", true},
                           {"group_right", true},
                           {"ignoring", true},
                           {"negative_offset", true},
                           {"offset", true},
                           {"on", true},
                           {"per_query_lookback_delta", true},
                           {"per_step_stats", true},
                           {"smoothed", true},
                           {"subqueries", true},
                           {"type_and_unit_labels", engine.type_and_unit_labels},
                           {"without", true}};
  for (const promql::FunctionSignature& function : promql::AllFunctions()) {
    (*features)["promql_functions"][std::string(function.name)] =
        !function.experimental || experimental;
  }
  auto& operators = (*features)["promql_operators"];
  for (const char* const name : {"+",
                                 "-",
                                 "*",
                                 "/",
                                 "%",
                                 "^",
                                 "atan2",
                                 "==",
                                 "!=",
                                 "<",
                                 "<=",
                                 ">",
                                 ">=",
                                 "</",
                                 ">/",
                                 "and",
                                 "or",
                                 "unless",
                                 "sum",
                                 "avg",
                                 "count",
                                 "min",
                                 "max",
                                 "group",
                                 "stddev",
                                 "stdvar",
                                 "topk",
                                 "bottomk",
                                 "count_values",
                                 "quantile"}) {
    operators[name] = true;
  }
  operators["limitk"] = operators["limit_ratio"] = experimental;
}

Features FeaturesOf(const ApiParts& parts) {
  Features features;
  features["api"] = {{"admin", parts.options.admin},
                     {"exclude_alerts", true},
                     {"federation", true},
                     {"label_values_match", true},
                     {"lifecycle", true},
                     {"otlp_write_receiver", true},
                     {"query_stats", true},
                     {"query_warnings", true},
                     {"remote_read", true},
                     {"remote_write_receiver", true},
                     {"remote_write_receiver_v2", true}};
  AddLanguage(parts.engine->options(), &features);
  features["rules"] = {
      {"concurrent_rule_eval", false}, {"keep_firing_for", true}, {"query_offset", true}};
  features["tsdb"] = {{"created_timestamps", false},
                      {"exemplar_storage", true},
                      {"native_histograms", true},
                      {"out_of_order_ingestion", true}};
  return features;
}

}  // namespace

absl::StatusOr<HttpResponse> ShowFeatures(const ApiParts& parts, const HttpRequest&) {
  const Features features = FeaturesOf(parts);
  return Success([&features](JsonWriter& json) {
    json.BeginObject();
    for (const auto& [group, members] : features) {
      json.Key(group);
      json.BeginObject();
      for (const auto& [name, enabled] : members) {
        json.EscapedKey(name);
        json.Bool(enabled);
      }
      json.EndObject();
    }
    json.EndObject();
  });
}

}  // namespace vigil::server
