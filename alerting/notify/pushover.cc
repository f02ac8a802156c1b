// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/pushover.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "alerting/notify/simple_channel.h"
#include "alerting/template/builtins.h"
#include "base/clock.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

constexpr char kUrl[] = "https://api.pushover.net/1/messages.json";
// Pushover's limits.
constexpr size_t kMaxTitleRunes = 250;
constexpr size_t kMaxMessageRunes = 1024;
constexpr size_t kMaxUrlRunes = 512;

// Adds a field to a form.
void AddField(std::string_view name, std::string_view value, std::string* form) {
  if (value.empty()) return;
  *form +=
      fmt::format("{}{}={}", form->empty() ? "" : "&", name, text_template::QueryEscape(value));
}

}  // namespace

std::unique_ptr<Channel> ReadPushover(const YAML::Node& node, const ChannelReading& reading) {
  ChannelFields fields(node, "pushover_configs", reading);
  const TemplateSecret user_key = fields.TakeTemplateSecret("user_key");
  const TemplateSecret token = fields.TakeTemplateSecret("token");
  if (!user_key.given())
    fields.errors().Add(node, "one of user_key or user_key_file must be configured");
  if (!token.given()) fields.errors().Add(node, "one of token or token_file must be configured");
  const TemplateText title =
      fields.TakeTemplate("title", R"({{ template "pushover.default.title" . }})");
  const TemplateText message =
      fields.TakeTemplate("message", R"({{ template "pushover.default.message" . }})");
  const TemplateText url = fields.TakeTemplate("url", R"({{ template "pushover.default.url" . }})");
  const TemplateText url_title = fields.TakeTemplate("url_title");
  const TemplateText priority =
      fields.TakeTemplate("priority", R"({{ if eq .Status "firing" }}2{{ else }}0{{ end }})");
  const TemplateText sound = fields.TakeTemplate("sound");
  const TemplateText device = fields.TakeTemplate("device");
  int64_t retry_ms = kMillisPerMinute;
  int64_t expire_ms = kMillisPerHour;
  int64_t ttl_ms = 0;
  fields.map().TakeDurationMs("retry", &retry_ms);
  fields.map().TakeDurationMs("expire", &expire_ms);
  fields.map().TakeDurationMs("ttl", &ttl_ms);
  bool html = false;
  bool monospace = false;
  fields.map().TakeBool("html", &html);
  fields.map().TakeBool("monospace", &monospace);
  if (html && monospace)
    fields.errors().Add(node, "at most one of monospace & html must be configured");
  ChannelSettings settings = fields.TakeSettings(/*send_resolved=*/true);
  fields.Finish();
  const auto write = [=](const Notification&, NotificationTexts* texts,
                         Delivery* delivery) -> absl::Status {
    VIGIL_ASSIGN_OR_RETURN(const std::string user, user_key.Expand(texts));
    VIGIL_ASSIGN_OR_RETURN(const std::string key, token.Expand(texts));
    std::string& form = delivery->body;
    AddField("token", key, &form);
    AddField("user", user, &form);
    AddField("title", TruncateRunes(texts->Expand(title), kMaxTitleRunes), &form);
    std::string text = TruncateRunes(texts->Expand(message), kMaxMessageRunes);
    AddField("message", text.empty() ? "(no details)" : text, &form);
    AddField("url", TruncateRunes(texts->Expand(url), kMaxUrlRunes), &form);
    AddField("url_title", texts->Expand(url_title), &form);
    AddField("priority", texts->Expand(priority), &form);
    AddField("retry", fmt::to_string(retry_ms / kMillisPerSecond), &form);
    AddField("expire", fmt::to_string(expire_ms / kMillisPerSecond), &form);
    if (ttl_ms > 0) AddField("ttl", fmt::to_string(ttl_ms / kMillisPerSecond), &form);
    AddField("device", texts->Expand(device), &form);
    AddField("sound", texts->Expand(sound), &form);
    if (html) AddField("html", "1", &form);
    if (monospace) AddField("monospace", "1", &form);
    delivery->url = kUrl;
    delivery->headers.push_back("Content-Type: application/x-www-form-urlencoded");
    return absl::OkStatus();
  };
  return MakeSimpleChannel("pushover", std::move(settings), write);
}

}  // namespace vigil::alerting
