// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/config.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "alerting/manager/mute/inhibit_config.h"
#include "alerting/manager/mute/time_interval_config.h"
#include "alerting/manager/receiver_config.h"
#include "alerting/manager/route_config.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/yaml_map.h"

namespace vigil::alerting {
namespace {

// Settings of receivers other than webhooks all begin with their name.
constexpr std::string_view kForeignPrefixes[] = {
    "smtp_",     "slack_", "pagerduty_", "opsgenie_",   "victorops_",  "wechat_",
    "telegram_", "webex_", "jira_",      "rocketchat_", "mattermost_", "incidentio_",
    "pushover_", "sns_",   "discord_",   "msteams_"};

void ReadGlobal(const YAML::Node& node, ManagerConfig* config, std::vector<std::string>* headers,
                YamlErrors* errors) {
  YamlMap global(node, "global", errors);
  global.TakeDurationMs("resolve_timeout", &config->resolve_timeout_ms);
  ReadHttpConfig(global.Take("http_config"), headers, errors);
  for (const std::string& name : global.Names()) {
    for (const std::string_view prefix : kForeignPrefixes) {
      if (name.starts_with(prefix)) global.Refuse({name});
    }
  }
  global.Finish();
}

void ReadTemplates(const YAML::Node& node, std::vector<std::string>* templates,
                   YamlErrors* errors) {
  if (!node.IsNull() && !node.IsSequence()) {
    return errors->Add(node, "templates must be a list of file names");
  }
  for (const YAML::Node& entry : node) {
    if (entry.IsScalar()) {
      templates->push_back(entry.Scalar());
    } else {
      errors->Add(entry, "templates must be a list of file names");
    }
  }
}

// Sections about how Alertmanager watches itself, which say nothing of who is told what.
void PassOver(YamlMap* root, std::string_view name) {
  if (root->Take(name).IsNull()) return;
  Log(LogLevel::kWarning, "a section of the alert manager's configuration has no effect",
      {{"section", name}});
}

void ReadRoot(const YAML::Node& node, ManagerConfig* config, YamlErrors* errors) {
  YamlMap root(node, "the configuration", errors);
  std::vector<std::string> default_headers;
  ReadGlobal(root.Take("global"), config, &default_headers, errors);
  ReadReceivers(root.Take("receivers"), default_headers, &config->receivers, errors);
  ReadTimeIntervals(root.Take("time_intervals"), "time interval", &config->time_intervals, errors);
  ReadTimeIntervals(root.Take("mute_time_intervals"), "mute time interval", &config->time_intervals,
                    errors);
  config->inhibit_rules = ReadInhibitRules(root.Take("inhibit_rules"), errors);
  ReadTemplates(root.Take("templates"), &config->templates, errors);
  const YAML::Node route = root.Take("route");
  if (route.IsNull()) {
    errors->Add(root.mark(), "no routes provided");
  } else {
    ReadRootRoute(route, config->receivers, config->time_intervals, &config->route, errors);
  }
  PassOver(&root, "tracing");
  PassOver(&root, "event_recorder");
  root.Finish();
}

}  // namespace

const Receiver* ManagerConfig::FindReceiver(std::string_view name) const {
  for (const Receiver& receiver : receivers) {
    if (receiver.name == name) return &receiver;
  }
  return nullptr;
}

const TimeInterval* ManagerConfig::FindTimeInterval(std::string_view name) const {
  for (const TimeInterval& interval : time_intervals) {
    if (interval.name == name) return &interval;
  }
  return nullptr;
}

absl::StatusOr<ManagerConfig> ParseManagerConfig(std::string_view file_name,
                                                 std::string_view yaml) {
  YamlErrors errors(file_name);
  ManagerConfig config;
  if (!IsValidUtf8(yaml)) {
    errors.Add(YAML::Mark::null_mark(), "the file is not valid UTF-8");
    return errors.ToStatus();
  }
  try {
    ReadRoot(YAML::Load(std::string(yaml)), &config, &errors);
  } catch (const YAML::Exception& e) {
    errors.Add(e.mark, e.msg);
  }
  if (absl::Status status = errors.ToStatus(); !status.ok()) return status;
  NameRoutes(&config.route);
  config.yaml = yaml;
  return config;
}

}  // namespace vigil::alerting
