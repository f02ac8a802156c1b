// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/discord.h"

#include <utility>

#include "alerting/notify/simple_channel.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

using Json = nlohmann::ordered_json;

// Discord's limits.
constexpr size_t kMaxTitleRunes = 256;
constexpr size_t kMaxDescriptionRunes = 2048;
constexpr size_t kMaxContentRunes = 2000;
// Dark red and green.
constexpr int kFiringColor = 0x992D22;
constexpr int kResolvedColor = 0x2ECC71;

}  // namespace

std::unique_ptr<Channel> ReadDiscord(const YAML::Node& node, const ChannelReading& reading) {
  ChannelFields fields(node, "discord_configs", reading);
  const TemplateSecret url = fields.TakeNeededUrl("webhook_url");
  const TemplateText content =
      fields.TakeTemplate("content", R"({{ template "discord.default.content" . }})");
  const TemplateText title =
      fields.TakeTemplate("title", R"({{ template "discord.default.title" . }})");
  const TemplateText message =
      fields.TakeTemplate("message", R"({{ template "discord.default.message" . }})");
  const TemplateText username = fields.TakeTemplate("username");
  const TemplateText avatar_url = fields.TakeTemplate("avatar_url");
  ChannelSettings settings = fields.TakeSettings(/*send_resolved=*/true);
  fields.Finish();
  const auto write = [=](const Notification& notification, NotificationTexts* texts,
                         Delivery* delivery) -> absl::Status {
    VIGIL_ASSIGN_OR_RETURN(delivery->url, url.Expand(texts));
    Json json;
    json["content"] = TruncateRunes(texts->Expand(content), kMaxContentRunes);
    json["embeds"] =
        Json::array({{{"title", TruncateRunes(texts->Expand(title), kMaxTitleRunes)},
                      {"description", TruncateRunes(texts->Expand(message), kMaxDescriptionRunes)},
                      {"color", notification.firing() ? kFiringColor : kResolvedColor}}});
    PutText(&json, "username", texts->Expand(username));
    PutText(&json, "avatar_url", texts->Expand(avatar_url));
    SetJson(json, delivery);
    return absl::OkStatus();
  };
  return MakeSimpleChannel("discord", std::move(settings), write);
}

}  // namespace vigil::alerting
