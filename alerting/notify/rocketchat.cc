// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/rocketchat.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "alerting/notify/simple_channel.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

using Json = nlohmann::ordered_json;

struct Field {
  TemplateText title;
  TemplateText value;
  bool is_short = false;
};

struct Action {
  TemplateText type;
  TemplateText text;
  TemplateText url;
  TemplateText message;
};

struct RocketchatConfig {
  std::string url;
  Secret token;
  Secret token_id;
  TemplateText channel;
  TemplateText emoji;
  TemplateText icon_url;
  TemplateText title;
  TemplateText title_link;
  TemplateText text;
  TemplateText image_url;
  TemplateText thumb_url;
  TemplateText color;
  std::vector<Field> fields;
  std::vector<Action> actions;
};

Json AttachmentOf(const RocketchatConfig& config, NotificationTexts* texts) {
  Json attachment = Json::object();
  PutText(&attachment, "title", texts->Expand(config.title));
  PutText(&attachment, "title_link", texts->Expand(config.title_link));
  PutText(&attachment, "text", texts->Expand(config.text));
  PutText(&attachment, "image_url", texts->Expand(config.image_url));
  PutText(&attachment, "thumb_url", texts->Expand(config.thumb_url));
  PutText(&attachment, "color", texts->Expand(config.color));
  for (const Field& field : config.fields) {
    attachment["fields"].push_back({{"short", field.is_short},
                                    {"title", texts->Expand(field.title)},
                                    {"value", texts->Expand(field.value)}});
  }
  for (const Action& action : config.actions) {
    attachment["actions"].push_back({{"type", texts->Expand(action.type)},
                                     {"text", texts->Expand(action.text)},
                                     {"url", texts->Expand(action.url)},
                                     {"is_webview", false},
                                     {"msg", texts->Expand(action.message)},
                                     {"msg_in_chat_window", false}});
  }
  return attachment;
}

// What went wrong is told in an answer of success.
DeliveryOutcome Judge(const HttpAnswer& answer) {
  DeliveryOutcome outcome = AsStatusSays(answer);
  if (!outcome.delivered) return outcome;
  const Json json = ParseJson(answer.body);
  if (!json.is_object()) return Refused(answer, /*retryable=*/true);  // Somebody else's page.
  if (json.value("success", Json()) != false) return outcome;
  return {.http_status = answer.status,
          .error = fmt::format("Rocket.Chat says: {}", AnswerSnippet(answer.body))};
}

absl::Status Write(const RocketchatConfig& config, NotificationTexts* texts, Delivery* delivery) {
  VIGIL_ASSIGN_OR_RETURN_WITH(const std::string token, ReadSecret(config.token), "token");
  VIGIL_ASSIGN_OR_RETURN_WITH(const std::string token_id, ReadSecret(config.token_id), "token_id");
  delivery->url = config.url;
  Json json;
  PutText(&json, "channel", texts->Expand(config.channel));
  PutText(&json, "emoji", texts->Expand(config.emoji));
  PutText(&json, "avatar", texts->Expand(config.icon_url));
  json["attachments"] = Json::array({AttachmentOf(config, texts)});
  SetJson(json, delivery);
  delivery->headers.push_back(fmt::format("X-Auth-Token: {}", token));
  delivery->headers.push_back(fmt::format("X-User-Id: {}", token_id));
  delivery->judge = Judge;
  return absl::OkStatus();
}

void ReadFields(ChannelFields* fields, RocketchatConfig* config) {
  bool short_fields = false;
  fields->map().TakeBool("short_fields", &short_fields);
  for (const YAML::Node& node : fields->TakeList("fields")) {
    YamlMap map(node, "fields", &fields->errors());
    Field& field = config->fields.emplace_back();
    field.title = fields->TakePart("title", &map);
    field.value = fields->TakePart("value", &map);
    field.is_short = short_fields;
    map.TakeBool("short", &field.is_short);
    map.Finish();
  }
}

void ReadActions(ChannelFields* fields, RocketchatConfig* config) {
  for (const YAML::Node& node : fields->TakeList("actions")) {
    YamlMap map(node, "actions", &fields->errors());
    Action& action = config->actions.emplace_back();
    action.type = fields->TakePart("type", &map);
    if (action.type.empty()) action.type = fields->Template(YAML::Node("button"), "type");
    action.text = fields->TakePart("text", &map);
    action.url = fields->TakePart("url", &map);
    action.message = fields->TakePart("msg", &map);
    map.Finish();
  }
}

void ReadAddress(ChannelFields* fields, RocketchatConfig* config) {
  const ChannelDefaults& defaults = fields->reading().defaults;
  config->url = fields->TakeUrl("api_url", defaults.rocketchat_api_url);
  while (config->url.ends_with('/')) config->url.pop_back();
  config->url += "/api/v1/chat.postMessage";
  config->token = fields->TakeSecret("token", defaults.rocketchat_token);
  config->token_id = fields->TakeSecret("token_id", defaults.rocketchat_token_id);
  if (!config->token_id.given()) {
    fields->errors().Add(fields->node(),
                         "no global Rocketchat TokenID set either inline or in a file");
  } else if (!config->token.given()) {
    fields->errors().Add(fields->node(),
                         "no global Rocketchat Token set either inline or in a file");
  }
}

}  // namespace

std::unique_ptr<Channel> ReadRocketchat(const YAML::Node& node, const ChannelReading& reading) {
  ChannelFields fields(node, "rocketchat_configs", reading);
  RocketchatConfig config;
  ReadAddress(&fields, &config);
  config.channel = fields.TakeTemplate("channel");
  config.emoji = fields.TakeTemplate("emoji", R"({{ template "rocketchat.default.emoji" . }})");
  config.icon_url =
      fields.TakeTemplate("icon_url", R"({{ template "rocketchat.default.iconurl" . }})");
  config.title = fields.TakeTemplate("title", R"({{ template "rocketchat.default.title" . }})");
  config.title_link =
      fields.TakeTemplate("title_link", R"({{ template "rocketchat.default.titlelink" . }})");
  config.text = fields.TakeTemplate("text", R"({{ template "rocketchat.default.text" . }})");
  config.image_url = fields.TakeTemplate("image_url");
  config.thumb_url = fields.TakeTemplate("thumb_url");
  config.color =
      fields.TakeTemplate("color", R"({{ if eq .Status "firing" }}red{{ else }}green{{ end }})");
  ReadFields(&fields, &config);
  ReadActions(&fields, &config);
  // Rocket.Chat links names in any case.
  bool link_names = false;
  fields.map().TakeBool("link_names", &link_names);
  ChannelSettings settings = fields.TakeSettings(/*send_resolved=*/false);
  fields.Finish();
  return MakeSimpleChannel(
      "rocketchat", std::move(settings),
      [config = std::move(config)](const Notification&, NotificationTexts* texts,
                                   Delivery* delivery) { return Write(config, texts, delivery); });
}

}  // namespace vigil::alerting
