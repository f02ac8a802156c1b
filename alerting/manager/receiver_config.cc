// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/receiver_config.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/strings.h"

namespace vigil::alerting {
namespace {

// Headers that the client sets itself, or that have settings of their own.
constexpr std::string_view kReservedHeaders[] = {"authorization",
                                                 "connection",
                                                 "content-encoding",
                                                 "content-length",
                                                 "content-type",
                                                 "expect",
                                                 "host",
                                                 "keep-alive",
                                                 "proxy-authenticate",
                                                 "proxy-authorization",
                                                 "te",
                                                 "transfer-encoding",
                                                 "user-agent",
                                                 "www-authenticate",
                                                 "x-vigil-notification-id"};

std::string Base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<uint8_t>(bytes[i + k]) : 0);
    }
    for (size_t k = 0; k < 4; ++k) {
      text += k <= count ? kDigits[(group >> (18 - 6 * k)) & 0x3F] : '=';
    }
  }
  return text;
}

bool IsHeaderName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// A control character would end the header and begin another.
bool IsHeaderValue(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  });
}

class HttpConfigReader {
 public:
  HttpConfigReader(std::vector<std::string>* headers, YamlErrors* errors)
      : headers_(headers), errors_(errors) {}

  void Read(const YAML::Node& node) {
    YamlMap map(node, "http_config", errors_);
    if (map.Has("basic_auth") && map.Has("authorization")) {
      errors_->Add(node, "at most one of basic_auth and authorization must be configured");
    }
    ReadBasicAuth(map.Take("basic_auth"));
    ReadAuthorization(map.Take("authorization"));
    ReadHeaders(map.Take("http_headers"));
    map.Refuse({"bearer_token", "bearer_token_file", "enable_http2", "follow_redirects", "no_proxy",
                "oauth2", "proxy_connect_header", "proxy_from_environment", "proxy_url",
                "tls_config"});
    map.Finish();
  }

 private:
  void ReadBasicAuth(const YAML::Node& node) {
    if (node.IsNull()) return;
    YamlMap map(node, "basic_auth", errors_);
    std::string username;
    std::string password;
    map.TakeString("username", &username);
    map.TakeString("password", &password);
    map.Refuse({"username_file", "username_ref", "password_file", "password_ref"});
    map.Finish();
    headers_->push_back(
        fmt::format("Authorization: Basic {}", Base64(fmt::format("{}:{}", username, password))));
  }

  void ReadAuthorization(const YAML::Node& node) {
    if (node.IsNull()) return;
    YamlMap map(node, "authorization", errors_);
    std::string type = "Bearer";
    std::string credentials;
    map.TakeString("type", &type);
    map.TakeString("credentials", &credentials);
    map.Refuse({"credentials_file", "credentials_ref"});
    map.Finish();
    if (ToLower(type) == "basic") {
      errors_->Add(node, "authorization type cannot be set to \"basic\", use \"basic_auth\"");
    } else if (!IsHeaderName(type) || !IsHeaderValue(credentials)) {
      errors_->Add(node, "authorization holds characters that a header cannot");
    }
    headers_->push_back(fmt::format("Authorization: {} {}", type, credentials));
  }

  void ReadHeaders(const YAML::Node& node) {
    YamlMap map(node, "http_headers", errors_);
    for (const std::string& name : map.Names()) {
      const YAML::Node value = map.Take(name);
      const bool reserved = std::find(std::begin(kReservedHeaders), std::end(kReservedHeaders),
                                      ToLower(name)) != std::end(kReservedHeaders);
      if (reserved) {
        errors_->Add(value, fmt::format("setting header \"{}\" is not allowed", name));
      } else if (!IsHeaderName(name)) {
        errors_->Add(value, fmt::format("invalid header name \"{}\"", name));
      } else {
        ReadHeader(name, value);
      }
    }
  }

  void ReadHeader(const std::string& name, const YAML::Node& node) {
    YamlMap map(node, fmt::format("header {}", name), errors_);
    for (const std::string_view list : {"values", "secrets"}) {
      const YAML::Node values = map.Take(list);
      if (!values.IsNull() && !values.IsSequence()) {
        errors_->Add(values, fmt::format("{} must be a list", list));
      }
      for (const YAML::Node& value : values) {
        if (!value.IsScalar() || !IsHeaderValue(value.Scalar())) {
          errors_->Add(value, fmt::format("invalid value of header \"{}\"", name));
        } else {
          headers_->push_back(fmt::format("{}: {}", name, value.Scalar()));
        }
      }
    }
    map.Refuse({"files"});
    map.Finish();
  }

  std::vector<std::string>* const headers_;
  YamlErrors* const errors_;
};

class ReceiverReader {
 public:
  ReceiverReader(const std::vector<std::string>& default_headers, YamlErrors* errors)
      : default_headers_(default_headers), errors_(errors) {}

  Receiver Read(const YAML::Node& node) {
    Receiver receiver;
    YamlMap map(node, "receiver", errors_);
    if (!map.TakeString("name", &receiver.name) || receiver.name.empty()) {
      errors_->Add(node, "missing name in receiver");
    }
    ReadLabels(map.Take("labels"), &receiver);
    const YAML::Node webhooks = map.Take("webhook_configs");
    if (!webhooks.IsNull() && !webhooks.IsSequence()) {
      errors_->Add(webhooks, "webhook_configs must be a list");
    }
    for (const YAML::Node& webhook : webhooks) receiver.webhooks.push_back(ReadWebhook(webhook));
    // The other receivers of Alertmanager.
    map.Refuse({"discord_configs", "email_configs", "incidentio_configs", "jira_configs",
                "mattermost_configs", "msteams_configs", "msteamsv2_configs", "opsgenie_configs",
                "pagerduty_configs", "pushover_configs", "rocketchat_configs", "slack_configs",
                "sns_configs", "telegram_configs", "victorops_configs", "webex_configs",
                "wechat_configs"});
    map.Finish();
    return receiver;
  }

 private:
  void ReadLabels(const YAML::Node& node, Receiver* receiver) {
    YamlMap map(node, "labels", errors_);
    storage::LabelsBuilder labels;
    for (const std::string& name : map.Names()) {
      std::string value;
      map.TakeString(name, &value);
      if (name == "name" && value != receiver->name) {
        errors_->Add(node, fmt::format("label name \"{}\" differs from the receiver's name \"{}\"",
                                       value, receiver->name));
      }
      labels.Set(name, value);
    }
    receiver->labels = labels.Build();
  }

  WebhookConfig ReadWebhook(const YAML::Node& node) {
    WebhookConfig webhook;
    YamlMap map(node, "webhook_configs", errors_);
    if (map.TakeString("url", &webhook.url)) {
      CheckUrl(map.Take("url"), webhook.url);
    } else if (!map.Has("url_file")) {
      errors_->Add(node, "webhook_configs needs a url");
    }
    map.TakeBool("send_resolved", &webhook.send_resolved);
    map.TakeInt("max_alerts", &webhook.max_alerts);
    map.TakeDurationMs("timeout", &webhook.timeout_ms);
    webhook.headers = default_headers_;
    if (map.Has("http_config")) {
      webhook.headers.clear();
      ReadHttpConfig(map.Take("http_config"), &webhook.headers, errors_);
    }
    map.Refuse({"url_file", "payload"});
    map.Finish();
    return webhook;
  }

  void CheckUrl(const YAML::Node& node, std::string_view url) {
    if (url.find("{{") != std::string_view::npos) {
      return errors_->Add(node, "a template in url is not supported");
    }
    const std::string lower = ToLower(url);
    const size_t scheme_end = lower.find("://");
    const std::string scheme = lower.substr(0, std::min(scheme_end, lower.size()));
    if (scheme_end == std::string::npos || (scheme != "http" && scheme != "https")) {
      return errors_->Add(node, fmt::format("unsupported scheme \"{}\" for URL",
                                            scheme_end == std::string::npos ? "" : scheme));
    }
    const std::string_view rest = url.substr(scheme_end + 3);
    const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
    if (host.empty()) return errors_->Add(node, "missing host for URL");
    if (!IsHeaderValue(url) || url.find(' ') != std::string_view::npos) {
      errors_->Add(node, "url holds characters that a URL cannot");
    }
  }

  const std::vector<std::string>& default_headers_;
  YamlErrors* const errors_;
};

}  // namespace

void ReadHttpConfig(const YAML::Node& node, std::vector<std::string>* headers, YamlErrors* errors) {
  HttpConfigReader(headers, errors).Read(node);
}

void ReadReceivers(const YAML::Node& node, const std::vector<std::string>& default_headers,
                   std::vector<Receiver>* receivers, YamlErrors* errors) {
  if (node.IsNull()) return;
  if (!node.IsSequence()) return errors->Add(node, "receivers must be a list");
  ReceiverReader reader(default_headers, errors);
  StringSet names;
  for (const YAML::Node& entry : node) {
    Receiver receiver = reader.Read(entry);
    if (!receiver.name.empty() && !names.insert(receiver.name).second) {
      errors->Add(entry,
                  fmt::format("notification config name \"{}\" is not unique", receiver.name));
    }
    receivers->push_back(std::move(receiver));
  }
}

}  // namespace vigil::alerting
