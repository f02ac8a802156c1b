// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/pagerduty.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "alerting/notify/payload.h"
#include "alerting/notify/simple_channel.h"
#include "alerting/notify/text/notification_templates.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxSummaryRunes = 1024;
// PagerDuty refuses larger events.
constexpr size_t kMaxBodyBytes = 512'000;
constexpr char kVersion1Url[] = "https://events.pagerduty.com/generic/2010-04-15/create_event.json";

struct Image {
  TemplateText href;
  TemplateText src;
  TemplateText alt;
};

struct Link {
  TemplateText href;
  TemplateText text;
};

struct PagerdutyConfig {
  bool version1 = false;
  TemplateSecret key;  // Routing key, or service key of version 1.
  std::string url;
  TemplateText client;
  TemplateText client_url;
  TemplateText description;
  TemplateText severity;
  TemplateText source;
  TemplateText klass;
  TemplateText component;
  TemplateText group;
  std::vector<std::pair<std::string, Payload>> details;
  std::vector<Image> images;
  std::vector<Link> links;
};

DeliveryOutcome JudgeVersion1(const HttpAnswer& answer) {
  // 403: too many calls.
  const DeliveryOutcome outcome = AsStatusSays(answer);
  return outcome.delivered ? outcome
                           : Refused(answer, answer.status == 403 || answer.status >= 500);
}

class Pagerduty final : public Channel {
 public:
  Pagerduty(ChannelSettings settings, PagerdutyConfig config)
      : Channel(std::move(settings)), config_(std::move(config)) {}

  std::string_view kind() const override { return "pagerduty"; }

  absl::StatusOr<Delivery> MakeDelivery(const std::string& text,
                                        const DeliveryContext& context) const override {
    VIGIL_ASSIGN_OR_RETURN(const Notification notification, DecodeNotification(text));
    NotificationTexts texts(notification, context.now_ms);
    VIGIL_ASSIGN_OR_RETURN(const std::string key, config_.key.Expand(&texts));
    Json event =
        config_.version1 ? Event1(notification, key, &texts) : Event2(notification, key, &texts);
    VIGIL_RETURN_IF_ERROR(texts.status());
    Delivery delivery;
    delivery.url = config_.version1 ? kVersion1Url : config_.url;
    delivery.body = DumpJson(event);
    if (delivery.body.size() > kMaxBodyBytes) {
      Json& details = config_.version1 ? event["details"] : event["payload"]["custom_details"];
      details = {{"error", fmt::format("Custom details have been removed because the original "
                                       "event exceeds the maximum size of 512KB: {} bytes",
                                       delivery.body.size())}};
      delivery.body = DumpJson(event);
    }
    delivery.headers.push_back("Content-Type: application/json");
    if (config_.version1) delivery.judge = JudgeVersion1;
    return delivery;
  }

 private:
  Json Event1(const Notification& notification, const std::string& key,
              NotificationTexts* texts) const {
    const bool firing = notification.firing();
    Json event;
    event["service_key"] = key;
    event["event_type"] = firing ? "trigger" : "resolve";
    event["incident_key"] = GroupDigest(notification);
    event["description"] = TruncateRunes(texts->Expand(config_.description), kMaxSummaryRunes);
    event["details"] = Details(texts);
    if (firing) {
      PutText(&event, "client", texts->Expand(config_.client));
      PutText(&event, "client_url", texts->Expand(config_.client_url));
    }
    return event;
  }

  Json Event2(const Notification& notification, const std::string& key,
              NotificationTexts* texts) const {
    Json event;
    event["routing_key"] = key;
    event["dedup_key"] = GroupDigest(notification);
    event["event_action"] = notification.firing() ? "trigger" : "resolve";
    PutText(&event, "client", texts->Expand(config_.client));
    PutText(&event, "client_url", texts->Expand(config_.client_url));
    Json images = Json::array();
    for (const Image& image : config_.images) {
      Json json;
      PutText(&json, "href", texts->Expand(image.href));
      PutText(&json, "src", texts->Expand(image.src));
      PutText(&json, "alt", texts->Expand(image.alt));
      if (json.contains("src")) images.push_back(std::move(json));
    }
    if (!images.empty()) event["images"] = std::move(images);
    Json links = Json::array();
    for (const Link& link : config_.links) {
      Json json;
      PutText(&json, "href", texts->Expand(link.href));
      PutText(&json, "text", texts->Expand(link.text));
      if (json.contains("href")) links.push_back(std::move(json));
    }
    if (!links.empty()) event["links"] = std::move(links);
    Json payload;
    payload["summary"] = TruncateRunes(texts->Expand(config_.description), kMaxSummaryRunes);
    payload["source"] = texts->Expand(config_.source);
    payload["severity"] = texts->Expand(config_.severity);
    PutText(&payload, "class", texts->Expand(config_.klass));
    PutText(&payload, "component", texts->Expand(config_.component));
    PutText(&payload, "group", texts->Expand(config_.group));
    payload["custom_details"] = Details(texts);
    event["payload"] = std::move(payload);
    return event;
  }

  Json Details(NotificationTexts* texts) const {
    Json details = Json::object();
    for (const auto& [name, value] : config_.details) details[name] = value.Expand(texts);
    return details;
  }

  const PagerdutyConfig config_;
};

// The details that are always there, unless the file says otherwise, and those of the file.
void ReadDetails(ChannelFields* fields, PagerdutyConfig* config) {
  constexpr std::pair<const char*, const char*> kDefaults[] = {
      {"firing", "{{ .Alerts.Firing | toJson }}"},
      {"resolved", "{{ .Alerts.Resolved | toJson }}"},
      {"num_firing", "{{ .Alerts.Firing | len }}"},
      {"num_resolved", "{{ .Alerts.Resolved | len }}"}};
  YamlMap details(fields->map().Take("details"), "details", &fields->errors());
  for (const auto& [name, text] : kDefaults) {
    const YAML::Node node = details.Has(name) ? details.Take(name) : YAML::Node(text);
    config->details.emplace_back(name, Payload::ReadValue(node, name, fields));
  }
  for (const std::string& name : details.Names()) {
    bool known = false;
    for (const auto& [default_name, text] : kDefaults) known |= name == default_name;
    if (known) continue;
    config->details.emplace_back(name, Payload::ReadValue(details.Take(name), name, fields));
  }
}

void ReadKey(ChannelFields* fields, PagerdutyConfig* config) {
  YamlMap& map = fields->map();
  config->version1 = map.Has("service_key") || map.Has("service_key_file");
  config->key = fields->TakeTemplateSecret(config->version1 ? "service_key" : "routing_key");
  if (!config->key.given()) {
    fields->errors().Add(fields->node(), "missing service or routing key in PagerDuty config");
  }
  // Beside a service key it says nothing, but must be in order.
  if (config->version1) fields->TakeSecret("routing_key");
}

}  // namespace

std::unique_ptr<Channel> ReadPagerduty(const YAML::Node& node, const ChannelReading& reading) {
  ChannelFields fields(node, "pagerduty_configs", reading);
  PagerdutyConfig config;
  ReadKey(&fields, &config);
  config.url = fields.TakeUrl("url", reading.defaults.pagerduty_url);
  constexpr char kClient[] = R"({{ template "pagerduty.default.client" . }})";
  config.client = fields.TakeTemplate("client", kClient);
  config.client_url =
      fields.TakeTemplate("client_url", R"({{ template "pagerduty.default.clientURL" . }})");
  config.description =
      fields.TakeTemplate("description", R"({{ template "pagerduty.default.description" . }})");
  config.severity = fields.TakeTemplate("severity", "error");
  config.source = fields.TakeTemplate("source", config.client.text());
  config.klass = fields.TakeTemplate("class");
  config.component = fields.TakeTemplate("component");
  config.group = fields.TakeTemplate("group");
  ReadDetails(&fields, &config);
  for (const YAML::Node& item : fields.TakeList("images")) {
    YamlMap map(item, "images", &fields.errors());
    config.images.push_back({fields.TakePart("href", &map), fields.TakePart("src", &map),
                             fields.TakePart("alt", &map)});
    map.Finish();
  }
  for (const YAML::Node& item : fields.TakeList("links")) {
    YamlMap map(item, "links", &fields.errors());
    config.links.push_back({fields.TakePart("href", &map), fields.TakePart("text", &map)});
    map.Finish();
  }
  ChannelSettings settings = fields.TakeSettings(/*send_resolved=*/true);
  fields.Finish();
  return std::make_unique<Pagerduty>(std::move(settings), std::move(config));
}

}  // namespace vigil::alerting
