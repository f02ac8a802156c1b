// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/telegram.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "alerting/notify/simple_channel.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxMessageRunes = 4096;  // Telegram's limit.

struct TelegramConfig {
  Secret bot_token;
  std::string api_url;
  Secret chat_id;
  int64_t thread_id = 0;
  TemplateText message;
  bool silent = false;
  std::string parse_mode = "HTML";
};

// A channel's name is a text, a chat's id a number.
Json ChatOf(const std::string& chat_id) {
  const Json number = ParseJson(chat_id);
  return number.is_number_integer() ? number : Json(chat_id);
}

// A number other than 0, or the name of a channel.
bool IsChat(const std::string& text) {
  const Json chat = ChatOf(text);
  return chat.is_string() ? text.starts_with('@') : chat != 0;
}

class Telegram final : public Channel {
 public:
  Telegram(ChannelSettings settings, TelegramConfig config)
      : Channel(std::move(settings)), config_(std::move(config)) {}

  std::string_view kind() const override { return "telegram"; }

  absl::StatusOr<Delivery> MakeDelivery(const std::string& text,
                                        const DeliveryContext& context) const override {
    VIGIL_ASSIGN_OR_RETURN(const Notification notification, DecodeNotification(text));
    VIGIL_ASSIGN_OR_RETURN_WITH(const std::string token, ReadSecret(config_.bot_token),
                                "bot_token");
    VIGIL_ASSIGN_OR_RETURN_WITH(const std::string chat, ReadSecret(config_.chat_id), "chat_id");
    Json json;
    json["chat_id"] = ChatOf(chat);
    if (config_.thread_id != 0) json["message_thread_id"] = config_.thread_id;
    VIGIL_ASSIGN_OR_RETURN(json["text"], Text(notification, context.now_ms));
    PutText(&json, "parse_mode", config_.parse_mode);
    json["disable_notification"] = config_.silent;
    json["disable_web_page_preview"] = true;
    Delivery delivery;
    delivery.url = fmt::format("{}/bot{}/sendMessage", config_.api_url, token);
    SetJson(json, &delivery);
    return delivery;
  }

 private:
  absl::StatusOr<std::string> Text(const Notification& notification, int64_t now_ms) const {
    if (config_.parse_mode == "HTML") return Expand(HtmlTexts(notification, now_ms));
    return Expand(NotificationTexts(notification, now_ms));
  }

  absl::StatusOr<std::string> Expand(NotificationTexts texts) const {
    std::string text = TruncateRunes(texts.Expand(config_.message), kMaxMessageRunes);
    VIGIL_RETURN_IF_ERROR(texts.status());
    return text;
  }

  const TelegramConfig config_;
};

}  // namespace

std::unique_ptr<Channel> ReadTelegram(const YAML::Node& node, const ChannelReading& reading) {
  ChannelFields fields(node, "telegram_configs", reading);
  TelegramConfig config;
  config.bot_token = fields.TakeSecret("bot_token", reading.defaults.telegram_bot_token);
  if (!config.bot_token.given())
    fields.errors().Add(node, "missing bot_token or bot_token_file on telegram_config");
  config.api_url = fields.TakeUrl("api_url", reading.defaults.telegram_api_url);
  while (config.api_url.ends_with('/')) config.api_url.pop_back();
  config.chat_id = fields.TakeSecret("chat_id");
  if (!config.chat_id.given()) fields.errors().Add(node, "missing chat_id on telegram_config");
  if (!config.chat_id.text.empty() && !IsChat(config.chat_id.text)) {
    fields.errors().Add(fields.map().MarkOf("chat_id"),
                        "chat_id must be a number other than 0, or @NAME");
  }
  fields.map().TakeInt("message_thread_id", &config.thread_id);
  config.message = fields.TakeTemplate("message", R"({{ template "telegram.default.message" . }})");
  fields.map().TakeBool("disable_notifications", &config.silent);
  fields.map().TakeString("parse_mode", &config.parse_mode);
  if (!config.parse_mode.empty() && config.parse_mode != "HTML" &&
      config.parse_mode != "Markdown" && config.parse_mode != "MarkdownV2") {
    fields.errors().Add(
        fields.map().MarkOf("parse_mode"),
        fmt::format("unknown parse_mode \"{}\" on telegram_config, must be Markdown, "
                    "MarkdownV2, HTML or empty",
                    config.parse_mode));
  }
  ChannelSettings settings = fields.TakeSettings(/*send_resolved=*/true);
  fields.Finish();
  return std::make_unique<Telegram>(std::move(settings), std::move(config));
}

}  // namespace vigil::alerting
