// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/opsgenie.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "alerting/labels_json.h"
#include "alerting/notify/simple_channel.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

using Json = nlohmann::ordered_json;

// Opsgenie's limits.
constexpr size_t kMaxMessageRunes = 130;
constexpr size_t kMaxDescriptionRunes = 15'000;

struct Responder {
  TemplateText id;
  TemplateText name;
  TemplateText username;
  TemplateText type;
};

struct OpsgenieConfig {
  TemplateSecret api_key;
  std::string api_url;
  TemplateText message;
  TemplateText description;
  TemplateText source;
  TemplateText tags;
  TemplateText note;
  TemplateText priority;
  TemplateText entity;
  TemplateText actions;
  std::vector<std::pair<std::string, TemplateText>> details;
  std::vector<Responder> responders;
  bool update_alerts = false;
};

// The parts of a comma-separated list.
Json ListOf(const std::string& text) {
  Json list = Json::array();
  for (const std::string_view part : Split(text, ',')) {
    if (!Trim(part).empty()) list.push_back(std::string(Trim(part)));
  }
  return list;
}

Json Responders(const OpsgenieConfig& config, NotificationTexts* texts) {
  Json list = Json::array();
  for (const Responder& responder : config.responders) {
    Json json;
    PutText(&json, "id", texts->Expand(responder.id));
    PutText(&json, "name", texts->Expand(responder.name));
    PutText(&json, "username", texts->Expand(responder.username));
    if (json.empty()) continue;  // Its template says that there is none.
    json["type"] = ToLower(texts->Expand(responder.type));
    list.push_back(std::move(json));
  }
  return list;
}

Json OpenAlert(const OpsgenieConfig& config, const Notification& notification,
               NotificationTexts* texts) {
  Json json;
  json["alias"] = GroupDigest(notification);
  json["message"] = TruncateRunes(texts->Expand(config.message), kMaxMessageRunes);
  PutText(&json, "description",
          TruncateRunes(texts->Expand(config.description), kMaxDescriptionRunes));
  Json details = EncodeLabels<Json>(notification.CommonLabels());
  for (const auto& [name, text] : config.details) details[name] = texts->Expand(text);
  json["details"] = std::move(details);
  PutText(&json, "source", texts->Expand(config.source));
  if (Json list = Responders(config, texts); !list.empty()) json["responders"] = std::move(list);
  if (Json list = ListOf(texts->Expand(config.tags)); !list.empty()) json["tags"] = std::move(list);
  PutText(&json, "note", texts->Expand(config.note));
  PutText(&json, "priority", texts->Expand(config.priority));
  PutText(&json, "entity", texts->Expand(config.entity));
  if (Json list = ListOf(texts->Expand(config.actions)); !list.empty()) {
    json["actions"] = std::move(list);
  }
  return json;
}

// An alert that is open is not changed by being opened again: each of the texts `names` that
// `alert` has is put in place by a request of its own.
void UpdateNext(std::vector<std::string> names, const std::string& of_alert, const Json& alert,
                Delivery* delivery) {
  while (!names.empty() && !alert.contains(names.front())) names.erase(names.begin());
  if (names.empty()) return;
  delivery->then = [names = std::move(names), of_alert, alert,
                    authorization = delivery->headers.front()](const HttpAnswer&) {
    const std::string& name = names.front();
    auto update = std::make_shared<Delivery>();
    update->method = "PUT";
    update->url = fmt::format("{}{}?identifierType=alias", of_alert, name);
    update->headers.push_back(authorization);
    SetJson({{name, alert[name]}}, update.get());
    UpdateNext({names.begin() + 1, names.end()}, of_alert, alert, update.get());
    return absl::StatusOr<std::shared_ptr<Delivery>>(std::move(update));
  };
}

absl::Status Write(const OpsgenieConfig& config, const Notification& notification,
                   NotificationTexts* texts, Delivery* delivery) {
  VIGIL_ASSIGN_OR_RETURN(const std::string key, config.api_key.Expand(texts));
  delivery->headers.push_back(fmt::format("Authorization: GenieKey {}", key));
  if (notification.firing()) {
    delivery->url = config.api_url + "v2/alerts";
    const Json alert = OpenAlert(config, notification, texts);
    SetJson(alert, delivery);
    if (config.update_alerts) {
      const std::string of_alert =
          fmt::format("{}v2/alerts/{}/", config.api_url, GroupDigest(notification));
      UpdateNext({"message", "description"}, of_alert, alert, delivery);
    }
  } else {
    delivery->url = fmt::format("{}v2/alerts/{}/close?identifierType=alias", config.api_url,
                                GroupDigest(notification));
    SetJson({{"source", texts->Expand(config.source)}}, delivery);
  }
  return absl::OkStatus();
}

bool IsResponderType(std::string_view type) {
  const std::string lower = ToLower(type);
  return lower.empty() || lower == "team" || lower == "teams" || lower == "user" ||
         lower == "escalation" || lower == "schedule";
}

void ReadResponders(ChannelFields* fields, OpsgenieConfig* config) {
  for (const YAML::Node& node : fields->TakeList("responders")) {
    YamlMap map(node, "responders", &fields->errors());
    Responder responder;
    responder.id = fields->TakePart("id", &map);
    responder.name = fields->TakePart("name", &map);
    responder.username = fields->TakePart("username", &map);
    responder.type = fields->TakePart("type", &map);
    if (responder.id.empty() && responder.name.empty() && responder.username.empty()) {
      fields->errors().Add(node, "a responder needs an id, a name or a username");
    }
    if (responder.type.empty()) fields->errors().Add(node, "a responder needs a type");
    if (responder.type.literal() && !IsResponderType(responder.type.text())) {
      fields->errors().Add(node, fmt::format("responder type \"{}\" is none of team, teams, user, "
                                             "escalation and schedule",
                                             responder.type.text()));
    }
    config->responders.push_back(std::move(responder));
    map.Finish();
  }
}

}  // namespace

std::unique_ptr<Channel> ReadOpsgenie(const YAML::Node& node, const ChannelReading& reading) {
  ChannelFields fields(node, "opsgenie_configs", reading);
  OpsgenieConfig config;
  config.api_key = fields.TakeTemplateSecret("api_key", reading.defaults.opsgenie_api_key);
  if (!config.api_key.given()) fields.errors().Add(node, "no global OpsGenie API Key set");
  config.api_url = fields.TakeUrl("api_url", reading.defaults.opsgenie_api_url);
  if (!config.api_url.ends_with('/')) config.api_url += '/';
  config.message = fields.TakeTemplate("message", R"({{ template "opsgenie.default.message" . }})");
  config.description =
      fields.TakeTemplate("description", R"({{ template "opsgenie.default.description" . }})");
  config.source = fields.TakeTemplate("source", R"({{ template "opsgenie.default.source" . }})");
  config.tags = fields.TakeTemplate("tags");
  config.note = fields.TakeTemplate("note");
  config.priority = fields.TakeTemplate("priority");
  config.entity = fields.TakeTemplate("entity");
  config.actions = fields.TakeTemplate("actions");
  config.details = fields.TakeTemplates("details");
  ReadResponders(&fields, &config);
  fields.map().TakeBool("update_alerts", &config.update_alerts);
  ChannelSettings settings = fields.TakeSettings(/*send_resolved=*/true);
  fields.Finish();
  return MakeSimpleChannel(
      "opsgenie", std::move(settings),
      [config = std::move(config)](const Notification& notification, NotificationTexts* texts,
                                   Delivery* delivery) {
        return Write(config, notification, texts, delivery);
      });
}

}  // namespace vigil::alerting
