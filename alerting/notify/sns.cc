// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/sns.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <absl/time/time.h>
#include <fmt/format.h>

#include "alerting/template/builtins.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

using text_template::QueryEscape;

constexpr char kFormType[] = "application/x-www-form-urlencoded";
constexpr size_t kMaxSubjectRunes = 100;  // SNS' limit.

struct SnsConfig {
  std::string api_url;  // "": that of the region.
  std::string region;
  std::string access_key;  // "": the environment's.
  Secret secret_key;
  bool assumes_role = false;
  TemplateText topic_arn;
  TemplateText phone_number;
  TemplateText target_arn;
  TemplateText subject;
  TemplateText message;
  std::vector<std::pair<std::string, TemplateText>> attributes;  // Sorted by name.
};

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;
};

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

absl::StatusOr<Credentials> FindCredentials(const SnsConfig& config) {
  if (config.assumes_role) {
    return absl::InvalidArgumentError(
        "sigv4: roles and profiles are not known; give an access_key and a secret_key, or set "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  }
  if (!config.access_key.empty()) {
    VIGIL_ASSIGN_OR_RETURN_WITH(std::string secret, ReadSecret(config.secret_key), "secret_key");
    return Credentials{config.access_key, std::move(secret), ""};
  }
  Credentials credentials{Environment("AWS_ACCESS_KEY_ID"), Environment("AWS_SECRET_ACCESS_KEY"),
                          Environment("AWS_SESSION_TOKEN")};
  if (credentials.access_key.empty() || credentials.secret_key.empty()) {
    return absl::InvalidArgumentError(
        "sigv4: no access_key, and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
  }
  return credentials;
}

absl::StatusOr<std::string> FindRegion(const SnsConfig& config) {
  for (const std::string& region :
       {config.region, Environment("AWS_REGION"), Environment("AWS_DEFAULT_REGION")}) {
    if (!region.empty()) return region;
  }
  return absl::InvalidArgumentError("sigv4: no region, and AWS_REGION is not set");
}

// The headers that prove a request to be ours: Signature Version 4 of a POST without a query.
std::vector<std::string> SignedHeaders(const std::string& url, const std::string& body,
                                       const std::string& region, const Credentials& credentials,
                                       int64_t now_ms) {
  const std::string time =
      absl::FormatTime("%Y%m%dT%H%M%SZ", absl::FromUnixMillis(now_ms), absl::UTCTimeZone());
  const std::string day = time.substr(0, 8);
  const size_t host_at = url.find("://") + 3;
  const size_t path_at = std::min(url.find('/', host_at), url.size());
  const std::string host = url.substr(host_at, path_at - host_at);
  const std::string path = path_at == url.size() ? "/" : url.substr(path_at);
  std::string headers =
      fmt::format("content-type:{}\nhost:{}\nx-amz-date:{}\n", kFormType, host, time);
  std::string names = "content-type;host;x-amz-date";
  std::vector<std::string> lines = {fmt::format("Content-Type: {}", kFormType),
                                    fmt::format("X-Amz-Date: {}", time)};
  if (!credentials.session_token.empty()) {
    headers += fmt::format("x-amz-security-token:{}\n", credentials.session_token);
    names += ";x-amz-security-token";
    lines.push_back(fmt::format("X-Amz-Security-Token: {}", credentials.session_token));
  }
  const std::string request =
      fmt::format("POST\n{}\n\n{}\n{}\n{}", path, headers, names, ToHex(Sha256(body)));
  const std::string scope = fmt::format("{}/{}/sns/aws4_request", day, region);
  const std::string text =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope, ToHex(Sha256(request)));
  std::string key = HmacSha256("AWS4" + credentials.secret_key, day);
  for (const std::string_view part :
       {std::string_view(region), std::string_view("sns"), std::string_view("aws4_request")}) {
    key = HmacSha256(key, part);
  }
  lines.push_back(
      fmt::format("Authorization: AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, "
                  "Signature={}",
                  credentials.access_key, scope, names, ToHex(HmacSha256(key, text))));
  return lines;
}

class Sns final : public Channel {
 public:
  Sns(ChannelSettings settings, SnsConfig config)
      : Channel(std::move(settings)), config_(std::move(config)) {}

  std::string_view kind() const override { return "sns"; }

  absl::StatusOr<Delivery> MakeDelivery(const std::string& text,
                                        const DeliveryContext& context) const override {
    VIGIL_ASSIGN_OR_RETURN(const Notification notification, DecodeNotification(text));
    VIGIL_ASSIGN_OR_RETURN(const Credentials credentials, FindCredentials(config_));
    VIGIL_ASSIGN_OR_RETURN(const std::string region, FindRegion(config_));
    NotificationTexts texts(notification, context.now_ms);
    Delivery delivery;
    delivery.url = config_.api_url.empty() ? fmt::format("https://sns.{}.amazonaws.com/", region)
                                           : config_.api_url;
    delivery.body = Form(notification, context.id, &texts);
    VIGIL_RETURN_IF_ERROR(texts.status());
    delivery.headers =
        SignedHeaders(delivery.url, delivery.body, region, credentials, context.now_ms);
    return delivery;
  }

 private:
  // `id` is the same whenever this notification is tried again, and another for the next.
  std::string Form(const Notification& notification, std::string_view id,
                   NotificationTexts* texts) const {
    std::string form = "Action=Publish";
    const auto add = [&form](std::string_view name, std::string_view value) {
      if (!value.empty()) form += fmt::format("&{}={}", name, QueryEscape(value));
    };
    add("Message", texts->Expand(config_.message));
    int number = 0;
    for (const auto& [name, value] : config_.attributes) {
      const std::string entry = fmt::format("MessageAttributes.entry.{}", ++number);
      add(entry + ".Name", name);
      add(entry + ".Value.DataType", "String");
      add(entry + ".Value.StringValue", texts->Expand(value));
    }
    const std::string topic = texts->Expand(config_.topic_arn);
    if (topic.ends_with(".fifo")) {
      add("MessageDeduplicationId", id);
      add("MessageGroupId", GroupDigest(notification));
    }
    add("PhoneNumber", texts->Expand(config_.phone_number));
    add("Subject", TruncateRunes(texts->Expand(config_.subject), kMaxSubjectRunes));
    add("TargetArn", texts->Expand(config_.target_arn));
    add("TopicArn", topic);
    return form + "&Version=2010-03-31";
  }

  const SnsConfig config_;
};

void ReadSigv4(ChannelFields* fields, SnsConfig* config) {
  const YAML::Node node = fields->map().Take("sigv4");
  YamlMap map(node, "sigv4", &fields->errors());
  map.TakeString("region", &config->region);
  map.TakeString("access_key", &config->access_key);
  map.TakeString("secret_key", &config->secret_key.text);
  if (config->access_key.empty() != config->secret_key.text.empty()) {
    fields->errors().Add(node,
                         "must provide a AWS SigV4 Access key and Secret Key if credentials "
                         "are specified in the SigV4 config");
  }
  for (const char* const name : {"profile", "role_arn", "external_id"}) {
    std::string text;
    map.TakeString(name, &text);
    config->assumes_role |= !text.empty();
  }
  bool fips = false;
  map.TakeBool("use_fips_sts_endpoint", &fips);
  if (config->assumes_role) {
    Log(LogLevel::kWarning, "sns_configs: roles and profiles are not known: nothing can be sent",
        {{"instead", "access_key and secret_key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"}});
  }
  map.Finish();
}

}  // namespace

std::unique_ptr<Channel> ReadSns(const YAML::Node& node, const ChannelReading& reading) {
  ChannelFields fields(node, "sns_configs", reading);
  SnsConfig config;
  config.api_url = fields.TakeString("api_url");
  if (!config.api_url.empty()) fields.CheckUrl("api_url", config.api_url);
  ReadSigv4(&fields, &config);
  config.topic_arn = fields.TakeTemplate("topic_arn");
  config.phone_number = fields.TakeTemplate("phone_number");
  config.target_arn = fields.TakeTemplate("target_arn");
  if (!config.topic_arn.empty() + !config.phone_number.empty() + !config.target_arn.empty() != 1) {
    fields.errors().Add(
        node, "must provide either a Target ARN, Topic ARN, or Phone Number for SNS config");
  }
  config.subject = fields.TakeTemplate("subject", R"({{ template "sns.default.subject" . }})");
  config.message = fields.TakeTemplate("message", R"({{ template "sns.default.message" . }})");
  config.attributes = fields.TakeTemplates("attributes");
  std::sort(config.attributes.begin(), config.attributes.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  ChannelSettings settings = fields.TakeSettings(/*send_resolved=*/true);
  fields.Finish();
  return std::make_unique<Sns>(std::move(settings), std::move(config));
}

}  // namespace vigil::alerting
