// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/slack.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "alerting/notify/simple_channel.h"
#include "alerting/notify/text/notification_templates.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxTitleRunes = 1024;
constexpr char kUpdateUrl[] = "https://slack.com/api/chat.update";

struct Field {
  TemplateText title;
  TemplateText value;
  std::optional<bool> is_short;
};

struct Confirmation {
  TemplateText text;
  TemplateText title;
  TemplateText ok_text;
  TemplateText dismiss_text;
};

struct Action {
  TemplateText type;
  TemplateText text;
  TemplateText url;
  TemplateText style;
  TemplateText name;
  TemplateText value;
  std::optional<Confirmation> confirm;
};

struct SlackConfig {
  TemplateSecret api_url;
  Secret app_token;  // Instead of a webhook's URL.
  std::string app_url;
  TemplateText channel;
  TemplateText username;
  TemplateText color;
  TemplateText title;
  TemplateText title_link;
  TemplateText pretext;
  TemplateText text;
  TemplateText message_text;
  TemplateText fallback;
  TemplateText callback_id;
  TemplateText icon_emoji;
  TemplateText icon_url;
  TemplateText image_url;
  TemplateText thumb_url;
  TemplateText footer;
  std::vector<Field> fields;
  std::vector<Action> actions;
  std::vector<std::string> mrkdwn_in = {"fallback", "pretext", "text"};
  bool short_fields = false;
  bool link_names = false;
  bool update_message = false;
};

class Slack final : public Channel {
 public:
  Slack(ChannelSettings settings, SlackConfig config)
      : Channel(std::move(settings)), config_(std::move(config)) {}

  std::string_view kind() const override { return "slack"; }

  absl::StatusOr<Delivery> MakeDelivery(const std::string& text,
                                        const DeliveryContext& context) const override {
    VIGIL_ASSIGN_OR_RETURN(const Notification notification, DecodeNotification(text));
    NotificationTexts texts(notification, context.now_ms);
    Json message = Message(&texts);
    VIGIL_RETURN_IF_ERROR(texts.status());
    Delivery delivery;
    VIGIL_RETURN_IF_ERROR(Address(context, &texts, &message, &delivery));
    delivery.body = DumpJson(message);
    delivery.headers.push_back("Content-Type: application/json; charset=utf-8");
    delivery.judge = [keep = config_.update_message](const HttpAnswer& answer) {
      return JudgeSlack(answer, keep);
    };
    return delivery;
  }

 private:
  absl::Status Address(const DeliveryContext& context, NotificationTexts* texts, Json* message,
                       Delivery* delivery) const {
    if (!config_.app_token.given()) {
      VIGIL_ASSIGN_OR_RETURN(delivery->url, config_.api_url.Expand(texts));
    } else {
      VIGIL_ASSIGN_OR_RETURN_WITH(const std::string token, ReadSecret(config_.app_token),
                                  "app_token");
      delivery->url = config_.app_url;
      delivery->headers.push_back(fmt::format("Authorization: Bearer {}", token));
    }
    if (!config_.update_message || context.receiver_data.empty()) return absl::OkStatus();
    const Json place = ParseJson(context.receiver_data);
    if (!place.is_object() || !place.contains("ts") || !place.contains("channel")) {
      return absl::OkStatus();
    }
    // The message that is there already becomes what is so now.
    delivery->url = kUpdateUrl;
    (*message)["channel"] = place["channel"];
    (*message)["ts"] = place["ts"];
    return absl::OkStatus();
  }

  Json Message(NotificationTexts* texts) const {
    const auto expand = [texts](const TemplateText& text) { return texts->Expand(text); };
    Json attachment;
    PutText(&attachment, "title", TruncateRunes(expand(config_.title), kMaxTitleRunes));
    PutText(&attachment, "title_link", expand(config_.title_link));
    PutText(&attachment, "pretext", expand(config_.pretext));
    attachment["text"] = expand(config_.text);
    attachment["fallback"] = expand(config_.fallback);
    attachment["callback_id"] = expand(config_.callback_id);
    if (!config_.fields.empty()) attachment["fields"] = Fields(texts);
    if (!config_.actions.empty()) attachment["actions"] = Actions(texts);
    PutText(&attachment, "image_url", expand(config_.image_url));
    PutText(&attachment, "thumb_url", expand(config_.thumb_url));
    attachment["footer"] = expand(config_.footer);
    PutText(&attachment, "color", expand(config_.color));
    attachment["mrkdwn_in"] = config_.mrkdwn_in;
    Json message;
    PutText(&message, "channel", expand(config_.channel));
    PutText(&message, "username", expand(config_.username));
    PutText(&message, "icon_emoji", expand(config_.icon_emoji));
    PutText(&message, "icon_url", expand(config_.icon_url));
    if (config_.link_names) message["link_names"] = true;
    PutText(&message, "text", expand(config_.message_text));
    message["attachments"] = Json::array({std::move(attachment)});
    return message;
  }

  Json Fields(NotificationTexts* texts) const {
    Json fields = Json::array();
    for (const Field& field : config_.fields) {
      fields.push_back({{"title", texts->Expand(field.title)},
                        {"value", texts->Expand(field.value)},
                        {"short", field.is_short.value_or(config_.short_fields)}});
    }
    return fields;
  }

  Json Actions(NotificationTexts* texts) const {
    Json actions = Json::array();
    for (const Action& action : config_.actions) {
      Json json;
      json["type"] = texts->Expand(action.type);
      json["text"] = texts->Expand(action.text);
      PutText(&json, "url", texts->Expand(action.url));
      PutText(&json, "style", texts->Expand(action.style));
      PutText(&json, "name", texts->Expand(action.name));
      PutText(&json, "value", texts->Expand(action.value));
      if (action.confirm.has_value()) {
        Json confirm;
        confirm["text"] = texts->Expand(action.confirm->text);
        PutText(&confirm, "title", texts->Expand(action.confirm->title));
        PutText(&confirm, "ok_text", texts->Expand(action.confirm->ok_text));
        PutText(&confirm, "dismiss_text", texts->Expand(action.confirm->dismiss_text));
        json["confirm"] = std::move(confirm);
      }
      actions.push_back(std::move(json));
    }
    return actions;
  }

  const SlackConfig config_;
};

// Reads the parts of an entry that are lists.
class PartsReader {
 public:
  explicit PartsReader(ChannelFields* fields) : fields_(*fields), errors_(fields->errors()) {}

  std::vector<Field> ReadFields() {
    std::vector<Field> fields;
    for (const YAML::Node& node : fields_.TakeList("fields")) {
      YamlMap map(node, "fields", &errors_);
      Field& field = fields.emplace_back();
      field.title = fields_.TakePart("title", &map);
      field.value = fields_.TakePart("value", &map);
      if (field.title.empty()) errors_.Add(node, "missing title in Slack field configuration");
      if (field.value.empty()) errors_.Add(node, "missing value in Slack field configuration");
      bool is_short = false;
      if (map.TakeBool("short", &is_short)) field.is_short = is_short;
      map.Finish();
    }
    return fields;
  }

  std::vector<Action> ReadActions() {
    std::vector<Action> actions;
    for (const YAML::Node& node : fields_.TakeList("actions")) {
      YamlMap map(node, "actions", &errors_);
      Action& action = actions.emplace_back();
      action.type = fields_.TakePart("type", &map);
      action.text = fields_.TakePart("text", &map);
      action.url = fields_.TakePart("url", &map);
      action.style = fields_.TakePart("style", &map);
      action.name = fields_.TakePart("name", &map);
      action.value = fields_.TakePart("value", &map);
      if (action.type.empty()) errors_.Add(node, "missing type in Slack action configuration");
      if (action.text.empty()) errors_.Add(node, "missing text in Slack action configuration");
      if (action.url.empty() && action.name.empty()) {
        errors_.Add(node, "missing name or url in Slack action configuration");
      }
      if (const YAML::Node confirm = map.Take("confirm"); !confirm.IsNull()) {
        action.confirm = ReadConfirmation(confirm);
      }
      map.Finish();
    }
    return actions;
  }

 private:
  Confirmation ReadConfirmation(const YAML::Node& node) {
    YamlMap map(node, "confirm", &errors_);
    Confirmation confirm;
    confirm.text = fields_.TakePart("text", &map);
    confirm.title = fields_.TakePart("title", &map);
    confirm.ok_text = fields_.TakePart("ok_text", &map);
    confirm.dismiss_text = fields_.TakePart("dismiss_text", &map);
    if (confirm.text.empty()) errors_.Add(node, "missing text in Slack confirmation configuration");
    map.Finish();
    return confirm;
  }

  ChannelFields& fields_;
  YamlErrors& errors_;
};

void ReadMarkdownIn(const YAML::Node& list, ChannelFields* fields, SlackConfig* config) {
  if (list.IsNull()) return;
  if (!list.IsSequence()) return fields->errors().Add(list, "mrkdwn_in must be a list");
  config->mrkdwn_in.clear();
  for (const YAML::Node& name : list) config->mrkdwn_in.push_back(name.Scalar());
}

// An entry says itself where it goes to, or `global` does.
void ReadAddress(ChannelFields* fields, SlackConfig* config) {
  const ChannelDefaults& defaults = fields->reading().defaults;
  YamlMap& map = fields->map();
  const bool own_url = map.Has("api_url") || map.Has("api_url_file");
  const bool own_token = map.Has("app_token") || map.Has("app_token_file");
  config->api_url =
      fields->TakeTemplateSecret("api_url", own_token ? Secret() : defaults.slack_api_url);
  config->app_token =
      fields->TakeSecret("app_token", own_url ? Secret() : defaults.slack_app_token);
  config->app_url = fields->TakeString("app_url", defaults.slack_app_url);
  if (own_url && own_token) {
    fields->errors().Add(fields->node(), "at most one of api_url and app_token may be given");
  }
  if (!config->api_url.given() && !config->app_token.given()) {
    fields->errors().Add(fields->node(),
                         "no Slack API URL nor App token set either inline or in a file");
  }
  if (map.Has("api_url")) fields->CheckSecretUrl("api_url", config->api_url);
}

}  // namespace

std::unique_ptr<Channel> ReadSlack(const YAML::Node& node, const ChannelReading& reading) {
  ChannelFields fields(node, "slack_configs", reading);
  SlackConfig config;
  ReadAddress(&fields, &config);
  config.channel = fields.TakeTemplate("channel");
  config.username = fields.TakeTemplate("username", R"({{ template "slack.default.username" . }})");
  config.color =
      fields.TakeTemplate("color", R"({{ if eq .Status "firing" }}danger{{ else }}good{{ end }})");
  config.title = fields.TakeTemplate("title", R"({{ template "slack.default.title" . }})");
  config.title_link =
      fields.TakeTemplate("title_link", R"({{ template "slack.default.titlelink" . }})");
  config.pretext = fields.TakeTemplate("pretext", R"({{ template "slack.default.pretext" . }})");
  config.text = fields.TakeTemplate("text", R"({{ template "slack.default.text" . }})");
  config.message_text = fields.TakeTemplate("message_text");
  config.fallback = fields.TakeTemplate("fallback", R"({{ template "slack.default.fallback" . }})");
  config.callback_id =
      fields.TakeTemplate("callback_id", R"({{ template "slack.default.callbackid" . }})");
  config.icon_emoji =
      fields.TakeTemplate("icon_emoji", R"({{ template "slack.default.iconemoji" . }})");
  config.icon_url = fields.TakeTemplate("icon_url", R"({{ template "slack.default.iconurl" . }})");
  config.image_url = fields.TakeTemplate("image_url");
  config.thumb_url = fields.TakeTemplate("thumb_url");
  config.footer = fields.TakeTemplate("footer", R"({{ template "slack.default.footer" . }})");
  PartsReader parts(&fields);
  config.fields = parts.ReadFields();
  config.actions = parts.ReadActions();
  ReadMarkdownIn(fields.map().Take("mrkdwn_in"), &fields, &config);
  fields.map().TakeBool("short_fields", &config.short_fields);
  fields.map().TakeBool("link_names", &config.link_names);
  fields.map().TakeBool("update_message", &config.update_message);
  if (config.update_message && !config.app_token.given()) {
    fields.errors().Add(fields.map().MarkOf("update_message"),
                        "update_message needs an app_token: webhooks cannot change messages");
  }
  ChannelSettings settings = fields.TakeSettings(/*send_resolved=*/false);
  fields.Finish();
  return std::make_unique<Slack>(std::move(settings), std::move(config));
}

DeliveryOutcome JudgeSlack(const HttpAnswer& answer, bool keep_place) {
  DeliveryOutcome outcome = AsStatusSays(answer);
  if (!outcome.delivered) return outcome;
  const std::string_view text = Trim(answer.body);
  if (!text.starts_with('{')) {
    if (text.empty() || text == "ok") return outcome;
    return {.http_status = answer.status,
            .error = fmt::format("unexpected answer: {}", AnswerSnippet(text))};
  }
  const Json json = ParseJson(text);
  if (!json.is_object() || json.value("ok", Json()) != true) {
    const std::string error =
        json.is_object() && json.contains("error") ? DumpJson(json["error"]) : AnswerSnippet(text);
    return {.http_status = answer.status, .error = fmt::format("Slack says: {}", error)};
  }
  if (keep_place && json.contains("ts") && json.contains("channel")) {
    outcome.receiver_data = DumpJson({{"channel", json["channel"]}, {"ts", json["ts"]}});
  }
  return outcome;
}

}  // namespace vigil::alerting
