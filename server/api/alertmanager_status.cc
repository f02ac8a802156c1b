// SPDX-License-Identifier: Apache-2.0
#include "server/api/alertmanager_status.h"

#include <memory>
#include <string>

#include "alerting/labels_json.h"
#include "base/status.h"
#include "server/config_text.h"

namespace vigil::server {

using alerting::ManagerConfig;
using alerting::Receiver;

absl::StatusOr<HttpResponse> ShowManagerStatus(const AlertmanagerParts& parts, const HttpRequest&) {
  VIGIL_ASSIGN_OR_RETURN(const std::string original,
                         PublicAlertmanagerText(parts.manager->config()->yaml));
  return JsonAnswer([&](JsonWriter& json) {
    json.BeginObject();
    json.Key("cluster");
    json.Raw(R"({"peers":[],"status":"disabled"})");
    json.Key("config");
    json.BeginObject();
    json.TextMember("original", original);
    json.EndObject();
    WriteTime("uptime", parts.started_at_ms, &json);
    json.Key("versionInfo");
    json.BeginObject();
    for (const char* const name : {"branch", "buildDate", "buildUser", "goVersion", "revision"}) {
      json.TextMember(name, "");
    }
    json.TextMember("version", parts.version);
    json.EndObject();
    json.EndObject();
  });
}

absl::StatusOr<HttpResponse> ListReceivers(const AlertmanagerParts& parts,
                                           const HttpRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<storage::Matcher> matchers,
                         MatcherParameters(request, "receiver_matchers"));
  const std::shared_ptr<const ManagerConfig> config = parts.manager->config();
  return JsonAnswer([&](JsonWriter& json) {
    json.BeginArray();
    for (const Receiver& receiver : config->receivers) {
      const storage::Labels labels =
          storage::LabelsBuilder(receiver.labels).Set("name", receiver.name).Build();
      if (!storage::MatchesAll(matchers, labels)) continue;
      json.BeginObject();
      alerting::WriteLabels("labels", labels, &json);
      json.TextMember("name", receiver.name);
      json.EndObject();
    }
    json.EndArray();
  });
}

}  // namespace vigil::server
