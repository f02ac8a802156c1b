// SPDX-License-Identifier: Apache-2.0
#include "server/api/alertmanager_alerts.h"

#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "alerting/labels_json.h"
#include "base/status.h"

namespace vigil::server {
namespace {

using alerting::Alert;
using alerting::AlertFilter;
using alerting::AlertView;
using alerting::GroupView;
using alerting::ManagerConfig;
using alerting::Receiver;
using storage::Matcher;
using Json = nlohmann::json;

storage::Labels LabelsOf(const Receiver& receiver) {
  return storage::LabelsBuilder(receiver.labels).Set("name", receiver.name).Build();
}

// Which receivers a request asks for; null for all.
absl::StatusOr<std::function<bool(std::string_view)>> ReadReceivers(
    const HttpRequest& request, std::shared_ptr<const ManagerConfig> config) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<Matcher> matchers,
                         MatcherParameters(request, "receiver_matchers"));
  std::vector<Matcher> names;
  if (const std::string_view text = request.Parameter("receiver"); !text.empty()) {
    VIGIL_ASSIGN_OR_RETURN_WITH(
        Matcher matcher, Matcher::Create(storage::MatchType::kRegex, "name", std::string(text)),
        "failed to parse receiver param");
    names.push_back(std::move(matcher));
  }
  if (matchers.empty() && names.empty()) return nullptr;
  return [config = std::move(config), matchers = std::move(matchers),
          names = std::move(names)](std::string_view name) {
    if (!names.empty() && !names[0].Matches(name)) return false;
    if (matchers.empty()) return true;
    const Receiver* const receiver = config->FindReceiver(name);
    return receiver != nullptr && storage::MatchesAll(matchers, LabelsOf(*receiver));
  };
}

absl::StatusOr<AlertFilter> ReadFilter(const AlertmanagerParts& parts, const HttpRequest& request) {
  AlertFilter filter;
  VIGIL_ASSIGN_OR_RETURN(filter.matchers, MatcherParameters(request, "filter"));
  VIGIL_ASSIGN_OR_RETURN(filter.receiver, ReadReceivers(request, parts.manager->config()));
  filter.active = Flag(request, "active");
  filter.silenced = Flag(request, "silenced");
  filter.inhibited = Flag(request, "inhibited");
  return filter;
}

void WriteTexts(std::string_view key, const std::vector<std::string>& texts, JsonWriter* json) {
  json->Key(key);
  json->BeginArray();
  for (const std::string& text : texts) json->Text(text);
  json->EndArray();
}

// In the order in which Alertmanager writes the fields.
void WriteAlert(const AlertView& view, JsonWriter* json) {
  json->BeginObject();
  alerting::WriteLabels("annotations", view.alert.annotations, json);
  WriteTime("endsAt", view.alert.ends_at_ms, json);
  json->TextMember("fingerprint", fmt::format("{:016x}", view.fingerprint));
  json->Key("receivers");
  json->BeginArray();
  for (const std::string& name : view.receivers) {
    json->BeginObject();
    json->TextMember("name", name);
    json->EndObject();
  }
  json->EndArray();
  WriteTime("startsAt", view.alert.starts_at_ms, json);
  json->Key("status");
  json->BeginObject();
  std::vector<std::string> inhibitors;
  for (const uint64_t inhibitor : view.inhibited_by) {
    inhibitors.push_back(fmt::format("{:016x}", inhibitor));
  }
  WriteTexts("inhibitedBy", inhibitors, json);
  WriteTexts("mutedBy", view.muted_by, json);
  WriteTexts("silencedBy", view.silenced_by, json);
  json->TextMember("state", view.suppressed() ? "suppressed" : "active");
  json->EndObject();
  WriteTime("updatedAt", view.updated_at_ms, json);
  if (!view.alert.generator_url.empty()) {
    json->TextMember("generatorURL", view.alert.generator_url);
  }
  alerting::WriteLabels("labels", view.alert.labels, json);
  json->EndObject();
}

void WriteGroup(const GroupView& group, JsonWriter* json) {
  json->BeginObject();
  json->Key("alerts");
  json->BeginArray();
  for (const AlertView& alert : group.alerts) WriteAlert(alert, json);
  json->EndArray();
  alerting::WriteLabels("labels", group.labels, json);
  json->Key("receiver");
  json->BeginObject();
  json->TextMember("name", group.receiver);
  json->EndObject();
  if (!group.route_labels.empty()) alerting::WriteLabels("routeLabels", group.route_labels, json);
  json->EndObject();
}

storage::Labels ReadLabels(const Json& json) {
  std::vector<storage::Label> labels;
  for (const auto& [name, value] : json.items()) labels.push_back({name, value.get<std::string>()});
  return storage::Labels(std::move(labels));
}

absl::StatusOr<Alert> ReadAlert(const Json& json) {
  Alert alert;
  alert.labels = ReadLabels(json.at("labels"));
  if (const auto at = json.find("annotations"); at != json.end() && !at->is_null()) {
    alert.annotations = ReadLabels(*at);
  }
  if (const auto at = json.find("startsAt"); at != json.end() && !at->is_null()) {
    VIGIL_ASSIGN_OR_RETURN(alert.starts_at_ms, ReadTime(at->get<std::string>()));
  }
  if (const auto at = json.find("endsAt"); at != json.end() && !at->is_null()) {
    VIGIL_ASSIGN_OR_RETURN(alert.ends_at_ms, ReadTime(at->get<std::string>()));
  }
  if (const auto at = json.find("generatorURL"); at != json.end() && !at->is_null()) {
    alert.generator_url = at->get<std::string>();
  }
  return alert;
}

}  // namespace

absl::StatusOr<HttpResponse> ListManagedAlerts(const AlertmanagerParts& parts,
                                               const HttpRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const AlertFilter filter, ReadFilter(parts, request));
  const std::vector<AlertView> alerts = parts.manager->ListAlerts(filter, parts.clock->NowMs());
  return JsonAnswer([&alerts](JsonWriter& json) {
    json.BeginArray();
    for (const AlertView& alert : alerts) WriteAlert(alert, &json);
    json.EndArray();
  });
}

absl::StatusOr<HttpResponse> ListAlertGroups(const AlertmanagerParts& parts,
                                             const HttpRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(AlertFilter filter, ReadFilter(parts, request));
  filter.muted = Flag(request, "muted");
  const std::vector<GroupView> groups = parts.manager->ListGroups(filter, parts.clock->NowMs());
  return JsonAnswer([&groups](JsonWriter& json) {
    json.BeginArray();
    for (const GroupView& group : groups) WriteGroup(group, &json);
    json.EndArray();
  });
}

absl::StatusOr<HttpResponse> PostAlerts(const AlertmanagerParts& parts,
                                        const HttpRequest& request) {
  std::vector<Alert> alerts;
  VIGIL_RETURN_IF_ERROR(ReadJsonBody(request, "alerts", [&alerts](std::string_view body) {
    const Json json = Json::parse(body);
    if (!json.is_array()) return absl::InvalidArgumentError("the body must be a list of alerts");
    for (const Json& entry : json) {
      VIGIL_ASSIGN_OR_RETURN(Alert alert, ReadAlert(entry));
      alerts.push_back(std::move(alert));
    }
    return absl::OkStatus();
  }));
  const absl::Status status = parts.manager->Post(alerts, parts.clock->NowMs());
  parts.wake();
  VIGIL_RETURN_IF_ERROR(status);
  return HttpResponse();
}

}  // namespace vigil::server
