// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/webhook.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "alerting/labels_json.h"
#include "base/duration.h"

namespace vigil::alerting {
namespace {

// Keeps fields in the order in which they were set.
using Json = nlohmann::ordered_json;
using storage::Label;
using storage::Labels;
using storage::LabelView;

// How Go writes the time that is none: the end of an alert that fires.
constexpr char kZeroTime[] = "0001-01-01T00:00:00Z";

// RFC 3339 as Go marshals it: a fraction only as long as it needs to be.
std::string GoTime(int64_t unix_ms) {
  std::string text = FormatInstantMs(unix_ms);
  text.pop_back();  // The Z.
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + "Z";
}

Json ToJson(const ToldAlert& told) {
  Json json;
  json["status"] = told.resolved ? "resolved" : "firing";
  json["labels"] = EncodeLabels<Json>(told.alert.labels);
  json["annotations"] = EncodeLabels<Json>(told.alert.annotations);
  json["startsAt"] = GoTime(told.alert.starts_at_ms);
  json["endsAt"] = told.resolved ? GoTime(told.alert.ends_at_ms) : kZeroTime;
  json["generatorURL"] = told.alert.generator_url;
  json["fingerprint"] = fmt::format("{:016x}", told.fingerprint);
  // Beyond version 4: whether it got better or its data stopped.
  if (!told.alert.reason.empty()) json["reason"] = told.alert.reason;
  return json;
}

// The pairs that all alerts have, of their labels or of their annotations.
Labels Common(std::span<const ToldAlert> alerts, Labels Alert::*which) {
  if (alerts.empty()) return {};
  std::vector<Label> common;
  for (const LabelView& label : alerts.front().alert.*which) {
    const bool everywhere = std::all_of(alerts.begin(), alerts.end(), [&](const ToldAlert& told) {
      return (told.alert.*which).Get(label.name) == label.value;
    });
    if (everywhere) common.push_back({std::string(label.name), std::string(label.value)});
  }
  return Labels(std::move(common));
}

}  // namespace

std::string BuildWebhookBody(const WebhookMessage& message) {
  std::span<const ToldAlert> told = message.alerts;
  const bool firing =
      std::any_of(told.begin(), told.end(), [](const ToldAlert& alert) { return !alert.resolved; });
  if (message.max_alerts > 0 && told.size() > static_cast<size_t>(message.max_alerts)) {
    told = told.first(message.max_alerts);
  }
  Json alerts = Json::array();
  for (const ToldAlert& alert : told) alerts.push_back(ToJson(alert));
  Json json;
  json["receiver"] = message.receiver;
  json["status"] = firing ? "firing" : "resolved";
  json["alerts"] = std::move(alerts);
  json["notification_reason"] = message.notification_reason;
  json["groupLabels"] = EncodeLabels<Json>(message.group_labels);
  json["commonLabels"] = EncodeLabels<Json>(Common(told, &Alert::labels));
  json["commonAnnotations"] = EncodeLabels<Json>(Common(told, &Alert::annotations));
  json["routeLabels"] = EncodeLabels<Json>(message.route_labels);
  json["externalURL"] = message.external_url;
  json["version"] = "4";
  json["groupKey"] = message.group_key;
  json["truncatedAlerts"] = message.alerts.size() - told.size();
  // What is not valid UTF-8 is mended, not thrown about.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace vigil::alerting
