// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/webhook.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "alerting/notify/payload.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

// Proves to the receiver whom a body comes from, and that it is not an old one sent again.
struct Signing {
  Secret secret;  // Not given: nothing is signed.
  std::string header = "X-Vigil-Signature";
  std::string timestamp_header = "X-Vigil-Timestamp";
};

struct WebhookConfig {
  TemplateSecret url;
  int64_t max_alerts = 0;  // 0: all.
  Payload payload;
  std::vector<std::pair<std::string, TemplateText>> headers;
  Signing signing;

  // Whether a request depends on nothing that the notification says.
  bool literal() const {
    if (!url.literal() || max_alerts > 0 || payload.given()) return false;
    for (const auto& [name, value] : headers) {
      if (!value.literal()) return false;
    }
    return true;
  }
};

// "sha256=<hex>" over "<unix seconds>.<body>".
absl::Status Sign(const Signing& signing, int64_t now_ms, Delivery* delivery) {
  if (!signing.secret.given()) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const std::string secret, ReadSecret(signing.secret));
  const int64_t timestamp = now_ms / kMillisPerSecond;
  const std::string digest = HmacSha256(secret, fmt::format("{}.{}", timestamp, delivery->body));
  delivery->headers.push_back(fmt::format("{}: {}", signing.timestamp_header, timestamp));
  delivery->headers.push_back(fmt::format("{}: sha256={}", signing.header, ToHex(digest)));
  return absl::OkStatus();
}

class Webhook final : public Channel {
 public:
  Webhook(ChannelSettings settings, WebhookConfig config)
      : Channel(std::move(settings)), config_(std::move(config)) {}

  std::string_view kind() const override { return "webhook"; }

  absl::StatusOr<Delivery> MakeDelivery(const std::string& notification,
                                        const DeliveryContext& context) const override {
    Delivery delivery;
    if (config_.literal()) {
      delivery.url = config_.url.text.text();
      delivery.body = notification;
      for (const auto& [name, value] : config_.headers) {
        delivery.headers.push_back(fmt::format("{}: {}", name, value.text()));
      }
    } else {
      VIGIL_RETURN_IF_ERROR(Expand(notification, context, &delivery));
    }
    delivery.headers.push_back("Content-Type: application/json");
    VIGIL_RETURN_IF_ERROR(Sign(config_.signing, context.now_ms, &delivery));
    return delivery;
  }

 private:
  absl::Status Expand(const std::string& text, const DeliveryContext& context,
                      Delivery* delivery) const {
    VIGIL_ASSIGN_OR_RETURN(Notification notification, DecodeNotification(text));
    Truncate(config_.max_alerts, &notification);
    NotificationTexts texts(notification, context.now_ms);
    VIGIL_ASSIGN_OR_RETURN(delivery->url, config_.url.Expand(&texts));
    delivery->body = config_.payload.given() ? DumpJson(config_.payload.Expand(&texts))
                                             : EncodeNotification(notification);
    for (const auto& [name, value] : config_.headers) {
      const std::string expanded = texts.Expand(value);
      if (!IsHeaderText(expanded)) {
        return absl::InvalidArgumentError(fmt::format("header {} would have line breaks", name));
      }
      delivery->headers.push_back(fmt::format("{}: {}", name, expanded));
    }
    return texts.status();
  }

  const WebhookConfig config_;
};

void ReadSigning(const YAML::Node& node, const ChannelReading& reading, Signing* signing) {
  if (node.IsNull()) return;
  YamlMap map(node, "hmac", reading.errors);
  TakeSecret("secret", reading.directory, &map, reading.errors, &signing->secret);
  if (!signing->secret.given()) {
    reading.errors->Add(node, "hmac needs a secret or a secret_file");
  }
  for (const auto& [field, name] : {std::pair("header", &signing->header),
                                    std::pair("timestamp_header", &signing->timestamp_header)}) {
    if (map.TakeString(field, name) && !IsHeaderName(*name)) {
      reading.errors->Add(map.MarkOf(field), fmt::format("\"{}\" is no header", *name));
    }
  }
  map.Finish();
}

void ReadHeaders(const YAML::Node& node, ChannelFields* fields, WebhookConfig* config) {
  if (node.IsNull()) return;
  YamlMap map(node, "headers", &fields->errors());
  for (const std::string& name : map.Names()) {
    const YAML::Node value = map.Take(name);
    if (!IsHeaderName(name)) fields->errors().Add(value, fmt::format("\"{}\" is no header", name));
    config->headers.emplace_back(name, fields->Template(value, name));
    if (!IsHeaderText(config->headers.back().second.text())) {
      fields->errors().Add(value, fmt::format("this cannot be a value of the header {}", name));
    }
  }
}

}  // namespace

std::unique_ptr<Channel> ReadWebhook(const YAML::Node& node, const ChannelReading& reading) {
  ChannelFields fields(node, "webhook_configs", reading);
  WebhookConfig config;
  config.url = fields.TakeTemplateSecret("url");
  if (!config.url.given()) {
    fields.errors().Add(node, "webhook_configs needs a url or a url_file");
  }
  fields.CheckSecretUrl("url", config.url);
  fields.map().TakeInt("max_alerts", &config.max_alerts);
  config.payload = Payload::Read(fields.map().Take("payload"), "payload", &fields);
  ReadHeaders(fields.map().Take("headers"), &fields, &config);
  ReadSigning(fields.map().Take("hmac"), reading, &config.signing);
  ChannelSettings settings = fields.TakeSettings(/*send_resolved=*/true);
  fields.Finish();
  return std::make_unique<Webhook>(std::move(settings), std::move(config));
}

}  // namespace vigil::alerting
