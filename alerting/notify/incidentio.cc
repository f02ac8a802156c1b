// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/incidentio.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "alerting/notify/simple_channel.h"
#include "base/status.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadIncidentio(const YAML::Node& node, const ChannelReading& reading) {
  ChannelFields fields(node, "incidentio_configs", reading);
  const TemplateSecret url = fields.TakeNeededUrl("url");
  const Secret token = fields.TakeSecret("alert_source_token");
  int64_t max_alerts = 0;
  fields.map().TakeInt("max_alerts", &max_alerts);
  const bool own_http = fields.map().Has("http_config");
  ChannelSettings settings = fields.TakeSettings(/*send_resolved=*/true);
  if (token.given() && own_http && settings.http != nullptr &&
      settings.http->authorization.has_value()) {
    fields.errors().Add(
        node, "at most one of alert_source_token and http_config.authorization may be given");
  }
  if (token.given()) {
    // It takes the place of what `global` says.
    HttpConfig http = settings.http == nullptr ? HttpConfig() : *settings.http;
    http.basic_auth.reset();
    http.oauth2.reset();
    http.authorization = Authorization{.credentials = token};
    settings.http = std::make_shared<const HttpConfig>(std::move(http));
  }
  fields.Finish();
  const auto write = [=](const Notification& told, NotificationTexts* texts,
                         Delivery* delivery) -> absl::Status {
    VIGIL_ASSIGN_OR_RETURN(delivery->url, url.Expand(texts));
    Notification notification = told;
    Truncate(max_alerts, &notification);
    // Its own version of what webhooks are sent.
    nlohmann::ordered_json json = NotificationJson(notification);
    json["version"] = "1";
    SetJson(json, delivery);
    return absl::OkStatus();
  };
  return MakeSimpleChannel("incidentio", std::move(settings), write);
}

}  // namespace vigil::alerting
