// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/msteamsv2.h"

#include <utility>

#include "alerting/notify/simple_channel.h"
#include "base/status.h"

namespace vigil::alerting {

using Json = nlohmann::ordered_json;

std::unique_ptr<Channel> ReadMsteamsv2(const YAML::Node& node, const ChannelReading& reading) {
  ChannelFields fields(node, "msteamsv2_configs", reading);
  const TemplateSecret url = fields.TakeNeededUrl("webhook_url");
  const TemplateText title =
      fields.TakeTemplate("title", R"({{ template "msteamsv2.default.title" . }})");
  const TemplateText text =
      fields.TakeTemplate("text", R"({{ template "msteamsv2.default.text" . }})");
  ChannelSettings settings = fields.TakeSettings(/*send_resolved=*/true);
  fields.Finish();
  const auto write = [=](const Notification& notification, NotificationTexts* texts,
                         Delivery* delivery) -> absl::Status {
    VIGIL_ASSIGN_OR_RETURN(delivery->url, url.Expand(texts));
    Json heading = {{"type", "TextBlock"},
                    {"text", texts->Expand(title)},
                    {"weight", "Bolder"},
                    {"size", "Medium"},
                    {"wrap", true},
                    {"style", "heading"},
                    {"color", notification.firing() ? "Attention" : "Good"}};
    Json block = {{"type", "TextBlock"}, {"text", texts->Expand(text)}, {"wrap", true}};
    Json card;
    card["$schema"] = "http://adaptivecards.io/schemas/adaptive-card.json";
    card["type"] = "AdaptiveCard";
    card["version"] = "1.4";
    card["body"] = Json::array({std::move(heading), std::move(block)});
    card["msteams"] = {{"width", "full"}};
    Json attachment;
    attachment["contentType"] = "application/vnd.microsoft.card.adaptive";
    attachment["contentUrl"] = nullptr;
    attachment["content"] = std::move(card);
    Json json;
    json["type"] = "message";
    json["attachments"] = Json::array({std::move(attachment)});
    SetJson(json, delivery);
    return absl::OkStatus();
  };
  return MakeSimpleChannel("msteamsv2", std::move(settings), write);
}

}  // namespace vigil::alerting
