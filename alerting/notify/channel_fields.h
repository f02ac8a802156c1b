// SPDX-License-Identifier: Apache-2.0
//
// Reads the entries of receivers from the configuration: what all kinds have in common.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>
#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/text/notification_templates.h"
#include "base/http/http_config.h"
#include "base/secret.h"
#include "base/yaml_map.h"

namespace vigil::alerting {

// What stands for secrets where a configuration is shown. Whoever copies one can write them down
// once it is loaded.
constexpr std::string_view kHiddenSecret = "<secret>";

// Why nobody can be asked at `url`; "" if it is in order.
std::string WhatIsWrongWithUrl(std::string_view url);

// What `global` says.
struct ChannelDefaults {
  std::shared_ptr<const HttpConfig> http;
  Secret slack_api_url;
  Secret slack_app_token;
  std::string slack_app_url = "https://slack.com/api/chat.postMessage";
  std::string pagerduty_url = "https://events.pagerduty.com/v2/enqueue";
  std::string opsgenie_api_url = "https://api.opsgenie.com/";
  Secret opsgenie_api_key;
  std::string telegram_api_url = "https://api.telegram.org";
  Secret telegram_bot_token;
  std::string webex_api_url = "https://webexapis.com/v1/messages";
  std::string victorops_api_url =
      "https://alert.victorops.com/integrations/generic/20131114/alert/";
  Secret victorops_api_key;
  std::string wechat_api_url = "https://qyapi.weixin.qq.com/cgi-bin/";
  Secret wechat_api_secret;
  std::string wechat_api_corp_id;
  std::string rocketchat_api_url = "https://open.rocket.chat/";
  Secret rocketchat_token;
  Secret rocketchat_token_id;
  Secret mattermost_webhook_url;
  std::string jira_api_url;

  std::string smtp_from;
  std::string smtp_hello = "localhost";
  std::string smtp_smarthost;  // "host:port"
  std::string smtp_auth_username;
  Secret smtp_auth_password;
  Secret smtp_auth_secret;
  std::string smtp_auth_identity;
  bool smtp_require_tls = true;
  std::optional<bool> smtp_force_implicit_tls;
  TlsConfig smtp_tls;
};

// What readers of entries work with.
struct ChannelReading {
  std::string directory;  // Of the configuration file: what relative paths are relative to.
  ChannelDefaults defaults;
  std::shared_ptr<const NotificationTemplates> templates;
  YamlErrors* errors = nullptr;
};

// A secret that may be a template.
struct TemplateSecret {
  Secret secret;
  TemplateText text;  // Of the secret, if it is not in a file.
  std::shared_ptr<const NotificationTemplates> templates;

  // What it says for the notification now.
  absl::StatusOr<std::string> Expand(NotificationTexts* texts) const;
  bool literal() const { return secret.file.empty() && text.literal(); }
  bool given() const { return secret.given(); }
};

// One entry. `reading` must outlive it.
class ChannelFields {
 public:
  // `what` is the name of the list: "slack_configs".
  ChannelFields(const YAML::Node& node, std::string_view what, const ChannelReading& reading);

  YamlMap& map() { return map_; }
  YamlErrors& errors() { return *reading_.errors; }
  const ChannelReading& reading() const { return reading_; }
  const YAML::Node& node() const { return node_; }

  // send_resolved, http_config and timeout.
  ChannelSettings TakeSettings(bool send_resolved);
  // Just send_resolved, for what does not speak HTTP.
  bool TakeSendResolved(bool send_resolved);
  TemplateText TakeTemplate(std::string_view name, std::string_view fallback = {});
  // `node` as a template, for lists and maps.
  TemplateText Template(const YAML::Node& node, std::string_view name);
  // What `map`, one within the entry, says of `name`.
  TemplateText TakePart(std::string_view name, YamlMap* map);
  // The items of the list `name` of the entry, or of a map within it.
  std::vector<YAML::Node> TakeList(std::string_view name) { return TakeList(name, &map_); }
  std::vector<YAML::Node> TakeList(std::string_view name, YamlMap* map);
  // The pairs of the map `name`, each value a template.
  std::vector<std::pair<std::string, TemplateText>> TakeTemplates(std::string_view name);
  // NAME or NAME_file, else `fallback`.
  TemplateSecret TakeTemplateSecret(std::string_view name, const Secret& fallback = {});
  Secret TakeSecret(std::string_view name, const Secret& fallback = {});
  // A text with a default, not a template.
  std::string TakeString(std::string_view name, std::string_view fallback = {});
  // The same for one that must be a URL.
  std::string TakeUrl(std::string_view name, std::string_view fallback);
  // NAME or NAME_file, which must be given, for one that is secret.
  TemplateSecret TakeNeededUrl(std::string_view name);
  // Complains if `url`, the value of the field `name`, is none.
  void CheckUrl(std::string_view name, std::string_view url);
  // The same for one that is secret. Templates are not looked at, nor what stands for a secret.
  void CheckSecretUrl(std::string_view name, const TemplateSecret& url);
  void Finish() { map_.Finish(); }

 private:
  const YAML::Node node_;
  const std::string what_;
  const ChannelReading& reading_;
  YamlMap map_;
};

// Reads an `http_config`.
std::shared_ptr<const HttpConfig> ReadHttpConfig(const YAML::Node& node,
                                                 const std::string& directory, YamlErrors* errors);

}  // namespace vigil::alerting
