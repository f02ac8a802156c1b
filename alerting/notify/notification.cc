// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/notification.h"

#include <algorithm>
#include <cstdlib>
#include <span>
#include <utility>

#include <absl/strings/str_replace.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "alerting/labels_json.h"
#include "base/digest.h"
#include "base/duration.h"
#include "base/instant_text.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

// Keeps fields in the order in which they were set.
using Json = nlohmann::ordered_json;
using storage::Label;
using storage::Labels;
using storage::LabelView;

// How Go writes the time that is none: the end of an alert that fires.
constexpr char kZeroTime[] = "0001-01-01T00:00:00Z";

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

int64_t TimeFrom(const Json& json) {
  const std::string text = json.get<std::string>();
  if (text == kZeroTime) return 0;
  const absl::StatusOr<int64_t> parsed = ParseInstantMs(text, 0);
  return parsed.value_or(0);
}

ToldAlert ToldAlertFrom(const Json& json) {
  ToldAlert told;
  told.resolved = json.at("status") == "resolved";
  told.alert.labels = DecodeLabels(json.at("labels"));
  told.alert.annotations = DecodeLabels(json.at("annotations"));
  told.alert.starts_at_ms = TimeFrom(json.at("startsAt"));
  told.alert.ends_at_ms = TimeFrom(json.at("endsAt"));
  json.at("generatorURL").get_to(told.alert.generator_url);
  told.alert.reason = json.value("reason", "");
  told.flapping = json.value("flapping", false);
  told.fingerprint =
      std::strtoull(json.at("fingerprint").get_ref<const std::string&>().c_str(), nullptr, 16);
  return told;
}

}  // namespace

bool Notification::firing() const {
  return truncated_fire || std::any_of(alerts.begin(), alerts.end(),
                                       [](const ToldAlert& told) { return !told.resolved; });
}

Labels Notification::CommonLabels() const { return Common(alerts, &Alert::labels); }

Labels Notification::CommonAnnotations() const { return Common(alerts, &Alert::annotations); }

void Truncate(int64_t max_alerts, Notification* notification) {
  std::vector<ToldAlert>& alerts = notification->alerts;
  if (max_alerts <= 0 || alerts.size() <= static_cast<size_t>(max_alerts)) return;
  notification->truncated_fire = notification->firing();
  notification->truncated += static_cast<int64_t>(alerts.size()) - max_alerts;
  alerts.resize(max_alerts);
}

Json ToldAlertJson(const ToldAlert& told) {
  Json json;
  json["status"] = told.resolved ? "resolved" : "firing";
  json["labels"] = EncodeLabels<Json>(told.alert.labels);
  json["annotations"] = EncodeLabels<Json>(told.alert.annotations);
  json["startsAt"] = ShortInstantText(told.alert.starts_at_ms);
  json["endsAt"] = told.resolved ? ShortInstantText(told.alert.ends_at_ms) : kZeroTime;
  json["generatorURL"] = told.alert.generator_url;
  json["fingerprint"] = fmt::format("{:016x}", told.fingerprint);
  // Beyond version 4: whether it got better or its data stopped.
  if (!told.alert.reason.empty()) json["reason"] = told.alert.reason;
  if (told.flapping) json["flapping"] = true;
  return json;
}

Json NotificationJson(const Notification& notification) {
  Json alerts = Json::array();
  for (const ToldAlert& alert : notification.alerts) alerts.push_back(ToldAlertJson(alert));
  Json json;
  json["receiver"] = notification.receiver;
  json["status"] = notification.firing() ? "firing" : "resolved";
  json["alerts"] = std::move(alerts);
  json["notification_reason"] = notification.reason;
  json["groupLabels"] = EncodeLabels<Json>(notification.group_labels);
  json["commonLabels"] = EncodeLabels<Json>(notification.CommonLabels());
  json["commonAnnotations"] = EncodeLabels<Json>(notification.CommonAnnotations());
  json["routeLabels"] = EncodeLabels<Json>(notification.route_labels);
  json["externalURL"] = notification.external_url;
  json["version"] = "4";
  json["groupKey"] = notification.group_key;
  json["truncatedAlerts"] = notification.truncated;
  if (notification.came_and_went > 0) json["cameAndWent"] = notification.came_and_went;
  return json;
}

std::string EncodeNotification(const Notification& notification) {
  return DumpJson(NotificationJson(notification));
}

absl::StatusOr<Notification> DecodeNotification(std::string_view json) {
  Notification notification;
  try {
    const Json parsed = Json::parse(json);
    parsed.at("receiver").get_to(notification.receiver);
    parsed.at("notification_reason").get_to(notification.reason);
    parsed.at("groupKey").get_to(notification.group_key);
    parsed.at("externalURL").get_to(notification.external_url);
    parsed.at("truncatedAlerts").get_to(notification.truncated);
    notification.came_and_went = parsed.value("cameAndWent", int64_t{0});
    notification.group_labels = DecodeLabels(parsed.at("groupLabels"));
    notification.route_labels = DecodeLabels(parsed.at("routeLabels"));
    for (const Json& alert : parsed.at("alerts")) {
      notification.alerts.push_back(ToldAlertFrom(alert));
    }
    notification.truncated_fire = notification.truncated > 0 && parsed.at("status") == "firing";
  } catch (const Json::exception& e) {
    return absl::DataLossError(fmt::format("reading a notification: {}", e.what()));
  }
  return notification;
}

std::string DumpJson(const Json& json) {
  // U+2028 and U+2029 separate lines and paragraphs. All of these stand within texts alone.
  return absl::StrReplaceAll(json.dump(-1, ' ', false, Json::error_handler_t::replace),
                             {{"<", "\\u003c"},
                              {">", "\\u003e"},
                              {"&", "\\u0026"},
                              {"\xE2\x80\xA8", "\\u2028"},
                              {"\xE2\x80\xA9", "\\u2029"}});
}

Json ParseJson(std::string_view text) {
  bool too_deep = false;
  const auto is_flat = [&too_deep](int depth, Json::parse_event_t, const Json&) {
    too_deep = too_deep || depth > kMaxJsonDepth;
    return !too_deep;
  };
  Json parsed = Json::parse(text, is_flat, /*allow_exceptions=*/false);
  return too_deep ? Json(Json::value_t::discarded) : parsed;
}

std::string GroupDigest(const Notification& notification) {
  return ToHex(Sha256(notification.group_key));
}

}  // namespace vigil::alerting
