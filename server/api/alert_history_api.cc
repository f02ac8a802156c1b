// SPDX-License-Identifier: Apache-2.0
#include "server/api/alert_history_api.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "alerting/history/alert_history.h"
#include "base/json_writer.h"
#include "base/status.h"
#include "base/strings.h"
#include "server/api/alert_json.h"
#include "server/api/api_params.h"
#include "server/api/api_response.h"
#include "server/api/api_time.h"
#include "server/api/query_json.h"

namespace vigil::server {
namespace {

using alerting::AlertEvent;
using alerting::HistoryAnswer;
using alerting::HistoryQuery;

absl::StatusOr<HistoryQuery> ReadQuery(const ApiParams& params) {
  HistoryQuery query;
  VIGIL_ASSIGN_OR_RETURN(query.range, OptionalRange(params));
  VIGIL_ASSIGN_OR_RETURN(query.selectors, ParseSelectors(params));
  for (const std::string_view rule : params.All("rule[]")) query.rules.emplace_back(rule);
  for (const std::string_view name : params.All("change[]")) {
    const absl::Status parsed = alerting::ParseAlertChange(name, &query.changes.emplace_back());
    if (!parsed.ok()) return AboutParameter("change[]", parsed);
  }
  VIGIL_ASSIGN_OR_RETURN(query.limit, LimitParameter(params));
  return query;
}

void WriteEvent(const AlertEvent& event, JsonWriter* json) {
  const auto text = [json](std::string_view key, std::string_view value) {
    json->Key(key);
    json->Text(value);
  };
  json->BeginObject();
  text("time", ApiTimeText(event.time_ms));
  text("change", AlertChangeName(event.change));
  if (!event.reason.empty()) text("reason", event.reason);
  text("group", event.group_key);
  text("rule", event.rule);
  json->Key("labels");
  WriteLabels(event.labels, json);
  json->Key("annotations");
  WriteLabels(event.annotations, json);
  text("value", FormatValue(event.value));
  text("activeAt", ApiTimeText(event.active_at_ms));
  if (event.fired_at_ms != 0) text("firedAt", ApiTimeText(event.fired_at_ms));
  if (event.evidence != nullptr) {
    json->Key("evidence");
    WriteEvidence(*event.evidence, json);
  }
  json->EndObject();
}

}  // namespace

absl::StatusOr<HttpResponse> ListAlertHistory(const ApiParts& parts, const HttpRequest& request) {
  const ApiParams params(request);
  VIGIL_ASSIGN_OR_RETURN(const HistoryQuery query, ReadQuery(params));
  VIGIL_ASSIGN_OR_RETURN(const HistoryAnswer answer, parts.history->Read(query));
  ApiNotes notes;
  if (answer.truncated) notes.warnings.emplace_back(kTruncatedWarning);
  return Success(
      [&answer](JsonWriter& json) {
        json.BeginObject();
        json.Key("changes");
        json.BeginArray();
        for (const AlertEvent& event : answer.events) WriteEvent(event, &json);
        json.EndArray();
        json.EndObject();
      },
      notes);
}

}  // namespace vigil::server
