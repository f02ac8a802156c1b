// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/receiver_config.h"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "alerting/notify/discord.h"
#include "alerting/notify/email.h"
#include "alerting/notify/incidentio.h"
#include "alerting/notify/jira.h"
#include "alerting/notify/mattermost.h"
#include "alerting/notify/msteams.h"
#include "alerting/notify/msteamsv2.h"
#include "alerting/notify/opsgenie.h"
#include "alerting/notify/pagerduty.h"
#include "alerting/notify/pushover.h"
#include "alerting/notify/rocketchat.h"
#include "alerting/notify/slack.h"
#include "alerting/notify/sns.h"
#include "alerting/notify/telegram.h"
#include "alerting/notify/victorops.h"
#include "alerting/notify/webex.h"
#include "alerting/notify/webhook.h"
#include "alerting/notify/wechat.h"
#include "base/file.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

// A kind of entry that receivers have.
struct ChannelKind {
  std::string_view list;
  std::unique_ptr<Channel> (*read)(const YAML::Node& node, const ChannelReading& reading);
};

constexpr ChannelKind kKinds[] = {
    {"discord_configs", &ReadDiscord},
    {"email_configs", &ReadEmail},
    {"incidentio_configs", &ReadIncidentio},
    {"jira_configs", &ReadJira},
    {"mattermost_configs", &ReadMattermost},
    {"msteams_configs", &ReadMsteams},
    {"msteamsv2_configs", &ReadMsteamsv2},
    {"opsgenie_configs", &ReadOpsgenie},
    {"pagerduty_configs", &ReadPagerduty},
    {"pushover_configs", &ReadPushover},
    {"rocketchat_configs", &ReadRocketchat},
    {"slack_configs", &ReadSlack},
    {"sns_configs", &ReadSns},
    {"telegram_configs", &ReadTelegram},
    {"victorops_configs", &ReadVictorops},
    {"webex_configs", &ReadWebex},
    {"webhook_configs", &ReadWebhook},
    {"wechat_configs", &ReadWechat},
};

class ReceiverReader {
 public:
  explicit ReceiverReader(const ChannelReading& reading)
      : reading_(reading), errors_(*reading.errors) {}

  Receiver Read(const YAML::Node& node) {
    Receiver receiver;
    YamlMap map(node, "receiver", &errors_);
    if (!map.TakeString("name", &receiver.name) || receiver.name.empty()) {
      errors_.Add(node, "missing name in receiver");
    }
    ReadLabels(map.Take("labels"), &receiver);
    // In the order of the file.
    for (const std::string& name : map.Names()) {
      for (const ChannelKind& kind : kKinds) {
        if (kind.list == name) ReadChannels(map.Take(name), kind, &receiver);
      }
    }
    map.Finish();
    return receiver;
  }

 private:
  void ReadLabels(const YAML::Node& node, Receiver* receiver) {
    YamlMap map(node, "labels", &errors_);
    storage::LabelsBuilder labels;
    for (const std::string& name : map.Names()) {
      std::string value;
      map.TakeString(name, &value);
      if (name == "name" && value != receiver->name) {
        errors_.Add(node, fmt::format("label name \"{}\" differs from the receiver's name \"{}\"",
                                      value, receiver->name));
      }
      labels.Set(name, value);
    }
    receiver->labels = labels.Build();
  }

  void ReadChannels(const YAML::Node& list, const ChannelKind& kind, Receiver* receiver) {
    if (list.IsNull()) return;
    if (!list.IsSequence()) return errors_.Add(list, fmt::format("{} must be a list", kind.list));
    for (const YAML::Node& entry : list) receiver->channels.push_back(kind.read(entry, reading_));
  }

  const ChannelReading& reading_;
  YamlErrors& errors_;
};

// What `global` says of kinds with nothing of their own to it.
constexpr std::pair<std::string_view, std::string ChannelDefaults::*> kUrls[] = {
    {"jira_api_url", &ChannelDefaults::jira_api_url},
    {"opsgenie_api_url", &ChannelDefaults::opsgenie_api_url},
    {"pagerduty_url", &ChannelDefaults::pagerduty_url},
    {"rocketchat_api_url", &ChannelDefaults::rocketchat_api_url},
    {"telegram_api_url", &ChannelDefaults::telegram_api_url},
    {"victorops_api_url", &ChannelDefaults::victorops_api_url},
    {"webex_api_url", &ChannelDefaults::webex_api_url},
    {"wechat_api_url", &ChannelDefaults::wechat_api_url},
};
constexpr std::pair<std::string_view, Secret ChannelDefaults::*> kSecrets[] = {
    {"mattermost_webhook_url", &ChannelDefaults::mattermost_webhook_url},
    {"opsgenie_api_key", &ChannelDefaults::opsgenie_api_key},
    {"rocketchat_token", &ChannelDefaults::rocketchat_token},
    {"rocketchat_token_id", &ChannelDefaults::rocketchat_token_id},
    {"telegram_bot_token", &ChannelDefaults::telegram_bot_token},
    {"victorops_api_key", &ChannelDefaults::victorops_api_key},
    {"wechat_api_secret", &ChannelDefaults::wechat_api_secret},
};

void TakeUrl(std::string_view name, YamlMap* global, const ChannelReading& reading,
             std::string* url) {
  if (!global->TakeString(name, url)) return;
  const std::string wrong = WhatIsWrongWithUrl(*url);
  if (!wrong.empty()) reading.errors->Add(global->MarkOf(name), wrong);
}

void CheckSecretUrl(const Secret& url, std::string_view name, const YamlMap& global,
                    const ChannelReading& reading) {
  if (!global.Has(name) || url.text == kHiddenSecret) return;
  const std::string wrong = WhatIsWrongWithUrl(url.text);
  if (!wrong.empty()) reading.errors->Add(global.MarkOf(name), wrong);
}

void ReadSlackDefaults(YamlMap* global, const ChannelReading& reading, ChannelDefaults* defaults) {
  TakeSecret("slack_api_url", reading.directory, global, reading.errors, &defaults->slack_api_url);
  TakeSecret("slack_app_token", reading.directory, global, reading.errors,
             &defaults->slack_app_token);
  CheckSecretUrl(defaults->slack_api_url, "slack_api_url", *global, reading);
  TakeUrl("slack_app_url", global, reading, &defaults->slack_app_url);
  if (defaults->slack_api_url.given() && defaults->slack_app_token.given()) {
    reading.errors->Add(global->MarkOf("slack_app_token"),
                        "at most one of slack_app_token and slack_api_url may be given");
  }
}

void ReadMailDefaults(YamlMap* global, const ChannelReading& reading, ChannelDefaults* defaults) {
  global->TakeString("smtp_from", &defaults->smtp_from);
  global->TakeString("smtp_hello", &defaults->smtp_hello);
  if (global->TakeString("smtp_smarthost", &defaults->smtp_smarthost) &&
      !defaults->smtp_smarthost.empty() &&
      defaults->smtp_smarthost.find(':') == std::string::npos) {
    reading.errors->Add(
        global->MarkOf("smtp_smarthost"),
        fmt::format("address {}: missing port in address", defaults->smtp_smarthost));
  }
  global->TakeString("smtp_auth_username", &defaults->smtp_auth_username);
  TakeSecret("smtp_auth_password", reading.directory, global, reading.errors,
             &defaults->smtp_auth_password);
  TakeSecret("smtp_auth_secret", reading.directory, global, reading.errors,
             &defaults->smtp_auth_secret);
  global->TakeString("smtp_auth_identity", &defaults->smtp_auth_identity);
  global->TakeBool("smtp_require_tls", &defaults->smtp_require_tls);
  if (bool implicit = false; global->TakeBool("smtp_force_implicit_tls", &implicit)) {
    defaults->smtp_force_implicit_tls = implicit;
  }
  defaults->smtp_tls =
      ReadTlsConfig(global->Take("smtp_tls_config"), reading.directory, reading.errors);
}

void LoadTemplates(const YAML::Node& pattern, const ChannelReading& reading,
                   NotificationTemplates* templates) {
  const std::string path = ResolvePath(reading.directory, pattern.Scalar());
  const absl::StatusOr<std::vector<std::string>> files = Glob(path);
  if (!files.ok()) return reading.errors->Add(pattern, MessageOf(files.status()));
  for (const std::string& file : *files) {
    const absl::StatusOr<std::string> text = ReadFile(file);
    absl::Status status = text.status();
    if (text.ok()) status = templates->Add(file, *text);
    if (!status.ok()) reading.errors->Add(pattern, MessageOf(status));
  }
}

}  // namespace

ChannelReading BeginReading(std::string_view file_name, YamlErrors* errors) {
  ChannelReading reading;
  reading.directory = std::filesystem::path(file_name).parent_path().string();
  reading.templates = std::make_shared<const NotificationTemplates>();
  reading.errors = errors;
  return reading;
}

void ReadChannelDefaults(YamlMap* global, ChannelReading* reading) {
  ChannelDefaults& defaults = reading->defaults;
  defaults.http = ReadHttpConfig(global->Take("http_config"), reading->directory, reading->errors);
  ReadSlackDefaults(global, *reading, &defaults);
  ReadMailDefaults(global, *reading, &defaults);
  for (const auto& [name, url] : kUrls) TakeUrl(name, global, *reading, &(defaults.*url));
  for (const auto& [name, secret] : kSecrets) {
    TakeSecret(name, reading->directory, global, reading->errors, &(defaults.*secret));
  }
  CheckSecretUrl(defaults.mattermost_webhook_url, "mattermost_webhook_url", *global, *reading);
  global->TakeString("wechat_api_corp_id", &defaults.wechat_api_corp_id);
}

void ReadTemplates(const YAML::Node& node, ManagerFiles files, ChannelReading* reading) {
  if (node.IsNull()) return;
  if (!node.IsSequence()) return reading->errors->Add(node, "templates must be a list of files");
  auto templates = std::make_shared<NotificationTemplates>();
  for (const YAML::Node& pattern : node) {
    if (!pattern.IsScalar()) {
      reading->errors->Add(pattern, "templates must be a list of files");
    } else if (files == ManagerFiles::kRead) {
      LoadTemplates(pattern, *reading, templates.get());
    } else {
      templates->ExpectMore();
    }
  }
  if (const absl::Status status = templates->Check(); !status.ok()) {
    reading->errors->Add(node, MessageOf(status));
  }
  reading->templates = std::move(templates);
}

void ReadReceivers(const YAML::Node& node, const ChannelReading& reading,
                   std::vector<Receiver>* receivers) {
  if (node.IsNull()) return;
  if (!node.IsSequence()) return reading.errors->Add(node, "receivers must be a list");
  ReceiverReader reader(reading);
  StringSet names;
  for (const YAML::Node& entry : node) {
    Receiver receiver = reader.Read(entry);
    if (!receiver.name.empty() && !names.insert(receiver.name).second) {
      reading.errors->Add(
          entry, fmt::format("notification config name \"{}\" is not unique", receiver.name));
    }
    receivers->push_back(std::move(receiver));
  }
}

}  // namespace vigil::alerting
