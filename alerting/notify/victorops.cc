// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/victorops.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "alerting/notify/simple_channel.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

constexpr size_t kMaxStateRunes = 20'480;  // VictorOps' limit.

// What vigil says itself.
constexpr std::string_view kOwnFields[] = {
    "routing_key",     "message_type", "state_message", "entity_display_name",
    "monitoring_tool", "entity_id",    "entity_state"};

struct VictoropsConfig {
  TemplateSecret api_key;
  std::string api_url;
  TemplateText routing_key;
  TemplateText message_type;
  TemplateText state_message;
  TemplateText entity_display_name;
  TemplateText monitoring_tool;
  std::vector<std::pair<std::string, TemplateText>> custom_fields;
};

// `text` as a part of a URL's path, where slashes part what is below.
std::string EscapePath(std::string_view text) {
  constexpr std::string_view kPlain = "-_.~/$&+,:;=@";
  std::string escaped;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kPlain.find(c) != std::string_view::npos;
    if (plain) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

// What kind of message opens an incident, or closes it.
std::string MessageType(const VictoropsConfig& config, const Notification& notification,
                        NotificationTexts* texts) {
  if (!notification.firing()) return "RECOVERY";
  std::string type = texts->Expand(config.message_type);
  return type == "INFO" || type == "WARNING" ? type : "CRITICAL";
}

absl::Status Write(const VictoropsConfig& config, const Notification& notification,
                   NotificationTexts* texts, Delivery* delivery) {
  VIGIL_ASSIGN_OR_RETURN(const std::string key, config.api_key.Expand(texts));
  delivery->url = fmt::format("{}{}/{}", config.api_url, EscapePath(key),
                              EscapePath(texts->Expand(config.routing_key)));
  nlohmann::ordered_json json;
  json["message_type"] = MessageType(config, notification, texts);
  json["entity_id"] = GroupDigest(notification);
  json["entity_display_name"] = texts->Expand(config.entity_display_name);
  json["state_message"] = TruncateRunes(texts->Expand(config.state_message), kMaxStateRunes);
  json["monitoring_tool"] = texts->Expand(config.monitoring_tool);
  for (const auto& [name, value] : config.custom_fields) json[name] = texts->Expand(value);
  SetJson(json, delivery);
  return absl::OkStatus();
}

}  // namespace

std::unique_ptr<Channel> ReadVictorops(const YAML::Node& node, const ChannelReading& reading) {
  ChannelFields fields(node, "victorops_configs", reading);
  VictoropsConfig config;
  config.api_key = fields.TakeTemplateSecret("api_key", reading.defaults.victorops_api_key);
  if (!config.api_key.given()) fields.errors().Add(node, "no global VictorOps API Key set");
  config.api_url = fields.TakeUrl("api_url", reading.defaults.victorops_api_url);
  if (!config.api_url.ends_with('/')) config.api_url += '/';
  config.routing_key = fields.TakeTemplate("routing_key");
  if (config.routing_key.empty()) {
    fields.errors().Add(node, "missing Routing key in VictorOps config");
  }
  config.message_type = fields.TakeTemplate("message_type", "CRITICAL");
  config.state_message =
      fields.TakeTemplate("state_message", R"({{ template "victorops.default.state_message" . }})");
  config.entity_display_name = fields.TakeTemplate(
      "entity_display_name", R"({{ template "victorops.default.entity_display_name" . }})");
  config.monitoring_tool = fields.TakeTemplate(
      "monitoring_tool", R"({{ template "victorops.default.monitoring_tool" . }})");
  config.custom_fields = fields.TakeTemplates("custom_fields");
  for (const auto& [name, value] : config.custom_fields) {
    if (std::find(std::begin(kOwnFields), std::end(kOwnFields), name) == std::end(kOwnFields)) {
      continue;
    }
    fields.errors().Add(
        fields.map().MarkOf("custom_fields"),
        fmt::format("{} cannot be a custom field: it is one of VictorOps' own", name));
  }
  ChannelSettings settings = fields.TakeSettings(/*send_resolved=*/true);
  fields.Finish();
  return MakeSimpleChannel(
      "victorops", std::move(settings),
      [config = std::move(config)](const Notification& notification, NotificationTexts* texts,
                                   Delivery* delivery) {
        return Write(config, notification, texts, delivery);
      });
}

}  // namespace vigil::alerting
