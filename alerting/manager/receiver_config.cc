// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/receiver_config.h"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "alerting/notify/discord.h"
#include "alerting/notify/email.h"
#include "alerting/notify/msteamsv2.h"
#include "alerting/notify/opsgenie.h"
#include "alerting/notify/pagerduty.h"
#include "alerting/notify/pushover.h"
#include "alerting/notify/slack.h"
#include "alerting/notify/telegram.h"
#include "alerting/notify/webex.h"
#include "alerting/notify/webhook.h"
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
    {"webhook_configs", &ReadWebhook},     {"slack_configs", &ReadSlack},
    {"pagerduty_configs", &ReadPagerduty}, {"email_configs", &ReadEmail},
    {"discord_configs", &ReadDiscord},     {"msteamsv2_configs", &ReadMsteamsv2},
    {"opsgenie_configs", &ReadOpsgenie},   {"pushover_configs", &ReadPushover},
    {"telegram_configs", &ReadTelegram},   {"webex_configs", &ReadWebex},
};

// What Alertmanager has beside these, and what to do without it.
struct ForeignKind {
  std::string_view list;
  std::string_view prefix;  // Of its settings in `global`.
  std::string_view remedy;
};

constexpr ForeignKind kForeignKinds[] = {
    {"incidentio_configs", "incidentio_", "use webhook_configs with http_config.authorization"},
    {"jira_configs", "jira_", "use webhook_configs with a payload, to Jira's REST API"},
    {"mattermost_configs", "mattermost_", "use webhook_configs with a payload"},
    {"msteams_configs", "msteams_", "use webhook_configs with a payload"},
    {"rocketchat_configs", "rocketchat_", "use webhook_configs with a payload"},
    {"sns_configs", "sns_", "put a proxy that signs requests behind webhook_configs"},
    {"victorops_configs", "victorops_", "use webhook_configs with a payload"},
    {"wechat_configs", "wechat_",
     "put a program that asks WeChat for tokens behind webhook_configs"},
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
    for (const ForeignKind& kind : kForeignKinds) map.Refuse({kind.list}, kind.remedy);
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

void ReadSlackDefaults(YamlMap* global, const ChannelReading& reading, ChannelDefaults* defaults) {
  TakeSecret("slack_api_url", reading.directory, global, reading.errors, &defaults->slack_api_url);
  TakeSecret("slack_app_token", reading.directory, global, reading.errors,
             &defaults->slack_app_token);
  global->TakeString("slack_app_url", &defaults->slack_app_url);
}

void ReadMailDefaults(YamlMap* global, const ChannelReading& reading, ChannelDefaults* defaults) {
  global->TakeString("smtp_from", &defaults->smtp_from);
  global->TakeString("smtp_hello", &defaults->smtp_hello);
  global->TakeString("smtp_smarthost", &defaults->smtp_smarthost);
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
  global->TakeString("pagerduty_url", &defaults.pagerduty_url);
  global->TakeString("opsgenie_api_url", &defaults.opsgenie_api_url);
  TakeSecret("opsgenie_api_key", reading->directory, global, reading->errors,
             &defaults.opsgenie_api_key);
  global->TakeString("telegram_api_url", &defaults.telegram_api_url);
  TakeSecret("telegram_bot_token", reading->directory, global, reading->errors,
             &defaults.telegram_bot_token);
  global->TakeString("webex_api_url", &defaults.webex_api_url);
  for (const std::string& name : global->Names()) {
    for (const ForeignKind& kind : kForeignKinds) {
      if (name.starts_with(kind.prefix)) global->Refuse({name});
    }
  }
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
