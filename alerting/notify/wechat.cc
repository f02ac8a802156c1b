// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/wechat.h"

#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "alerting/notify/simple_channel.h"
#include "alerting/template/builtins.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

using Json = nlohmann::ordered_json;
using text_template::QueryEscape;

// The token has expired meanwhile: the next attempt asks for another.
constexpr int kTokenExpired = 42'001;

struct WechatConfig {
  std::string api_url;
  TemplateSecret api_secret;
  TemplateText corp_id;
  TemplateText message;
  std::string message_type = "text";
  TemplateText to_user;
  TemplateText to_party;
  TemplateText to_tag;
  TemplateText agent_id;
};

// What an answer says in its JSON, whatever its status is.
DeliveryOutcome Judge(const HttpAnswer& answer) {
  DeliveryOutcome outcome = AsStatusSays(answer);
  if (!outcome.delivered) return outcome;
  const Json json = ParseJson(answer.body);
  if (!json.is_object()) return Refused(answer, /*retryable=*/true);  // Somebody else's page.
  const Json code = json.value("errcode", Json(0));
  if (!code.is_number_integer() || code == 0) return outcome;
  return {.retryable = code == kTokenExpired,
          .http_status = answer.status,
          .error = fmt::format("WeChat says: {}", AnswerSnippet(answer.body))};
}

std::string MessageBody(const WechatConfig& config, NotificationTexts* texts) {
  const std::string message = texts->Expand(config.message);
  const bool markdown = config.message_type == "markdown";
  Json json;
  json["text"] = {{"content", markdown ? "" : message}};
  PutText(&json, "touser", texts->Expand(config.to_user));
  PutText(&json, "toparty", texts->Expand(config.to_party));
  PutText(&json, "totag", texts->Expand(config.to_tag));
  PutText(&json, "agentid", texts->Expand(config.agent_id));
  json["safe"] = "0";
  json["msgtype"] = config.message_type;
  json["markdown"] = {{"content", markdown ? message : ""}};
  return DumpJson(json);
}

// The message itself, with the token that the first answer holds.
absl::StatusOr<std::shared_ptr<Delivery>> SendMessage(const std::string& api_url,
                                                      const std::string& body,
                                                      const HttpAnswer& answer) {
  const Json json = ParseJson(answer.body);
  const Json token = json.is_object() ? json.value("access_token", Json()) : Json();
  if (!token.is_string() || token == "") {
    return absl::InvalidArgumentError("invalid APISecret for CorpID");
  }
  auto message = std::make_shared<Delivery>();
  message->url =
      fmt::format("{}message/send?access_token={}", api_url, QueryEscape(token.get<std::string>()));
  message->body = body;
  message->headers.push_back("Content-Type: application/json");
  message->judge = Judge;
  return message;
}

absl::Status Write(const WechatConfig& config, NotificationTexts* texts, Delivery* delivery) {
  VIGIL_ASSIGN_OR_RETURN(const std::string secret, config.api_secret.Expand(texts));
  delivery->method = "GET";
  delivery->url = fmt::format("{}gettoken?corpid={}&corpsecret={}", config.api_url,
                              QueryEscape(texts->Expand(config.corp_id)), QueryEscape(secret));
  delivery->judge = Judge;
  delivery->then = [api_url = config.api_url, body = MessageBody(config, texts)](
                       const HttpAnswer& answer) { return SendMessage(api_url, body, answer); };
  return absl::OkStatus();
}

}  // namespace

std::unique_ptr<Channel> ReadWechat(const YAML::Node& node, const ChannelReading& reading) {
  ChannelFields fields(node, "wechat_configs", reading);
  const ChannelDefaults& defaults = reading.defaults;
  WechatConfig config;
  config.api_url = fields.TakeUrl("api_url", defaults.wechat_api_url);
  if (!config.api_url.ends_with('/')) config.api_url += '/';
  config.api_secret = fields.TakeTemplateSecret("api_secret", defaults.wechat_api_secret);
  if (!config.api_secret.given()) {
    fields.errors().Add(node, "no global Wechat Api Secret set either inline or in a file");
  }
  config.corp_id = fields.TakeTemplate("corp_id", defaults.wechat_api_corp_id);
  if (config.corp_id.empty()) fields.errors().Add(node, "no global Wechat CorpID set");
  config.message = fields.TakeTemplate("message", R"({{ template "wechat.default.message" . }})");
  fields.map().TakeString("message_type", &config.message_type);
  if (config.message_type != "text" && config.message_type != "markdown") {
    fields.errors().Add(fields.map().MarkOf("message_type"),
                        fmt::format("weChat message type \"{}\" is neither text nor markdown",
                                    config.message_type));
  }
  config.to_user = fields.TakeTemplate("to_user", R"({{ template "wechat.default.to_user" . }})");
  config.to_party =
      fields.TakeTemplate("to_party", R"({{ template "wechat.default.to_party" . }})");
  config.to_tag = fields.TakeTemplate("to_tag", R"({{ template "wechat.default.to_tag" . }})");
  config.agent_id =
      fields.TakeTemplate("agent_id", R"({{ template "wechat.default.agent_id" . }})");
  ChannelSettings settings = fields.TakeSettings(/*send_resolved=*/false);
  fields.Finish();
  return MakeSimpleChannel(
      "wechat", std::move(settings),
      [config = std::move(config)](const Notification&, NotificationTexts* texts,
                                   Delivery* delivery) { return Write(config, texts, delivery); });
}

}  // namespace vigil::alerting
