// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/webex.h"

#include <string>
#include <utility>

#include "alerting/notify/simple_channel.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

constexpr size_t kMaxMessageRunes = 7439 / 4;  // Webex counts bytes; a character has four at most.

}  // namespace

std::unique_ptr<Channel> ReadWebex(const YAML::Node& node, const ChannelReading& reading) {
  ChannelFields fields(node, "webex_configs", reading);
  const std::string api_url = fields.TakeUrl("api_url", reading.defaults.webex_api_url);
  const TemplateText room_id = fields.TakeTemplate("room_id");
  if (room_id.empty()) fields.errors().Add(node, "missing room_id on webex_config");
  const TemplateText message =
      fields.TakeTemplate("message", R"({{ template "webex.default.message" . }})");
  ChannelSettings settings = fields.TakeSettings(/*send_resolved=*/true);
  if (settings.http == nullptr || !settings.http->authorization.has_value()) {
    fields.errors().Add(node, "missing webex http_config.authorization");
  }
  fields.Finish();
  const auto write = [=](const Notification&, NotificationTexts* texts, Delivery* delivery) {
    delivery->url = api_url;
    SetJson({{"markdown", TruncateRunes(texts->Expand(message), kMaxMessageRunes)},
             {"roomId", texts->Expand(room_id)}},
            delivery);
    return absl::OkStatus();
  };
  return MakeSimpleChannel("webex", std::move(settings), write);
}

}  // namespace vigil::alerting
