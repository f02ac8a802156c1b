// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/msteams.h"

#include <string>
#include <utility>

#include "alerting/notify/simple_channel.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

constexpr char kFiringColor[] = "8C1A1A";    // Red.
constexpr char kResolvedColor[] = "2DC72D";  // Green.

}  // namespace

std::unique_ptr<Channel> ReadMsteams(const YAML::Node& node, const ChannelReading& reading) {
  ChannelFields fields(node, "msteams_configs", reading);
  const TemplateSecret url = fields.TakeNeededUrl("webhook_url");
  const TemplateText title =
      fields.TakeTemplate("title", R"({{ template "msteams.default.title" . }})");
  const TemplateText summary =
      fields.TakeTemplate("summary", R"({{ template "msteams.default.summary" . }})");
  const TemplateText text =
      fields.TakeTemplate("text", R"({{ template "msteams.default.text" . }})");
  ChannelSettings settings = fields.TakeSettings(/*send_resolved=*/true);
  fields.Finish();
  const auto write = [=](const Notification& notification, NotificationTexts* texts,
                         Delivery* delivery) -> absl::Status {
    VIGIL_ASSIGN_OR_RETURN(delivery->url, url.Expand(texts));
    nlohmann::ordered_json json;
    json["@context"] = "http://schema.org/extensions";
    json["type"] = "MessageCard";
    json["title"] = texts->Expand(title);
    json["summary"] = texts->Expand(summary);
    json["text"] = texts->Expand(text);
    json["themeColor"] = notification.firing() ? kFiringColor : kResolvedColor;
    SetJson(json, delivery);
    return absl::OkStatus();
  };
  return MakeSimpleChannel("msteams", std::move(settings), write);
}

}  // namespace vigil::alerting
