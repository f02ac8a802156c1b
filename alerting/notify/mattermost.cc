// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/mattermost.h"

#include <string>
#include <utility>
#include <vector>

#include "alerting/notify/simple_channel.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

using Json = nlohmann::ordered_json;

// The texts of an attachment, in the order in which they are sent.
constexpr const char* kAttachmentTexts[] = {"fallback",    "color",       "pretext",
                                            "text",        "author_name", "author_link",
                                            "author_icon", "title",       "title_link"};
// And those behind its fields.
constexpr const char* kAttachmentEnds[] = {"thumb_url", "footer", "footer_icon", "image_url"};

struct Field {
  TemplateText title;
  TemplateText value;
  bool is_short = false;
};

struct Attachment {
  std::vector<std::pair<const char*, TemplateText>> texts;
  std::vector<Field> fields;
  std::vector<std::pair<const char*, TemplateText>> ends;
};

struct MattermostConfig {
  TemplateSecret url;
  TemplateText channel;
  TemplateText username;
  TemplateText icon_url;
  TemplateText icon_emoji;
  TemplateText text;  // Beside attachments of its own.
  std::vector<Attachment> attachments;
  TemplateText type;
  TemplateText card;
  TemplateText priority;
  bool requested_ack = false;
  bool persistent_notifications = false;
};

void PutAll(const std::vector<std::pair<const char*, TemplateText>>& templates,
            NotificationTexts* texts, Json* json) {
  for (const auto& [name, text] : templates) PutText(json, name, texts->Expand(text));
}

Json AttachmentJson(const Attachment& attachment, NotificationTexts* texts) {
  Json json = Json::object();
  PutAll(attachment.texts, texts, &json);
  for (const Field& field : attachment.fields) {
    json["fields"].push_back({{"title", texts->Expand(field.title)},
                              {"value", texts->Expand(field.value)},
                              {"short", field.is_short}});
  }
  PutAll(attachment.ends, texts, &json);
  return json;
}

absl::Status Write(const MattermostConfig& config, NotificationTexts* texts, Delivery* delivery) {
  VIGIL_ASSIGN_OR_RETURN(delivery->url, config.url.Expand(texts));
  Json json;
  PutText(&json, "text", texts->Expand(config.text));
  PutText(&json, "channel", texts->Expand(config.channel));
  PutText(&json, "username", texts->Expand(config.username));
  PutText(&json, "icon_url", texts->Expand(config.icon_url));
  PutText(&json, "icon_emoji", texts->Expand(config.icon_emoji));
  for (const Attachment& attachment : config.attachments) {
    json["attachments"].push_back(AttachmentJson(attachment, texts));
  }
  PutText(&json, "type", texts->Expand(config.type));
  if (!config.card.empty()) json["props"] = {{"card", texts->Expand(config.card)}};
  if (!config.priority.empty()) {
    json["priority"] = {{"priority", texts->Expand(config.priority)},
                        {"requested_ack", config.requested_ack},
                        {"persistent_notifications", config.persistent_notifications}};
  }
  SetJson(json, delivery);
  return absl::OkStatus();
}

// Those of an attachment.
std::vector<Field> ReadFields(YamlMap* attachment, ChannelFields* fields) {
  std::vector<Field> read;
  for (const YAML::Node& node : fields->TakeList("fields", attachment)) {
    YamlMap map(node, "fields", &fields->errors());
    Field& field = read.emplace_back();
    field.title = fields->TakePart("title", &map);
    field.value = fields->TakePart("value", &map);
    map.TakeBool("short", &field.is_short);
    map.Finish();
  }
  return read;
}

Attachment ReadAttachment(const YAML::Node& node, ChannelFields* fields) {
  YamlMap map(node, "attachments", &fields->errors());
  Attachment attachment;
  for (const char* const name : kAttachmentTexts) {
    attachment.texts.emplace_back(name, fields->TakePart(name, &map));
  }
  attachment.fields = ReadFields(&map, fields);
  for (const char* const name : kAttachmentEnds) {
    attachment.ends.emplace_back(name, fields->TakePart(name, &map));
  }
  map.Finish();
  return attachment;
}

// Without attachments of its own the entry is one.
Attachment ReadOwnAttachment(ChannelFields* fields) {
  Attachment attachment;
  for (const char* const name : kAttachmentTexts) {
    const std::string_view field = name;
    std::string_view fallback;
    if (field == "fallback") fallback = R"({{ template "mattermost.default.fallback" . }})";
    if (field == "color") fallback = R"({{ template "mattermost.default.color" . }})";
    if (field == "text") fallback = R"({{ template "mattermost.default.text" . }})";
    if (field == "title") fallback = R"({{ template "mattermost.default.title" . }})";
    if (field == "title_link") fallback = R"({{ template "mattermost.default.titlelink" . }})";
    attachment.texts.emplace_back(name, fields->TakeTemplate(name, fallback));
  }
  attachment.fields = ReadFields(&fields->map(), fields);
  for (const char* const name : kAttachmentEnds) {
    attachment.ends.emplace_back(name, fields->TakeTemplate(name));
  }
  return attachment;
}

void ReadAttachments(ChannelFields* fields, MattermostConfig* config) {
  for (const YAML::Node& node : fields->TakeList("attachments")) {
    config->attachments.push_back(ReadAttachment(node, fields));
  }
  Attachment own = ReadOwnAttachment(fields);
  if (config->attachments.empty()) {
    config->attachments.push_back(std::move(own));
    return;
  }
  for (const auto& [name, text] : own.texts) {
    if (std::string_view(name) == "text") config->text = text;
  }
}

void ReadExtras(ChannelFields* fields, MattermostConfig* config) {
  config->type = fields->TakeTemplate("type");
  YamlMap props(fields->map().Take("props"), "props", &fields->errors());
  config->card = fields->TakePart("card", &props);
  props.Finish();
  YamlMap priority(fields->map().Take("priority"), "priority", &fields->errors());
  config->priority = fields->TakePart("priority", &priority);
  priority.TakeBool("requested_ack", &config->requested_ack);
  priority.TakeBool("persistent_notifications", &config->persistent_notifications);
  priority.Finish();
}

}  // namespace

std::unique_ptr<Channel> ReadMattermost(const YAML::Node& node, const ChannelReading& reading) {
  ChannelFields fields(node, "mattermost_configs", reading);
  MattermostConfig config;
  config.url = fields.TakeTemplateSecret("webhook_url", reading.defaults.mattermost_webhook_url);
  if (!config.url.given()) {
    fields.errors().Add(node, "missing webhook_url or webhook_url_file on mattermost_config");
  }
  fields.CheckSecretUrl("webhook_url", config.url);
  config.channel = fields.TakeTemplate("channel");
  config.username =
      fields.TakeTemplate("username", R"({{ template "mattermost.default.username" . }})");
  config.icon_url = fields.TakeTemplate("icon_url");
  config.icon_emoji = fields.TakeTemplate("icon_emoji");
  ReadAttachments(&fields, &config);
  ReadExtras(&fields, &config);
  ChannelSettings settings = fields.TakeSettings(/*send_resolved=*/true);
  fields.Finish();
  return MakeSimpleChannel(
      "mattermost", std::move(settings),
      [config = std::move(config)](const Notification&, NotificationTexts* texts,
                                   Delivery* delivery) { return Write(config, texts, delivery); });
}

}  // namespace vigil::alerting
