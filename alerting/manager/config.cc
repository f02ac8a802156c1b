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

void ReadGlobal(const YAML::Node& node, ManagerConfig* config, ChannelReading* reading) {
  YamlMap global(node, "global", reading->errors);
  global.TakeDurationMs("resolve_timeout", &config->resolve_timeout_ms);
  ReadChannelDefaults(&global, reading);
  global.Finish();
}

// Sections about how Alertmanager watches itself, which say nothing of who is told what.
void PassOver(YamlMap* root, std::string_view name, ManagerFiles files) {
  if (root->Take(name).IsNull() || files == ManagerFiles::kIgnore) return;
  Log(LogLevel::kWarning, "a section of the alert manager's configuration has no effect",
      {{"section", name}});
}

void ReadRoot(const YAML::Node& node, std::string_view file_name, ManagerFiles files,
              ManagerConfig* config, YamlErrors* errors) {
  YamlMap root(node, "the configuration", errors);
  ChannelReading reading = BeginReading(file_name, errors);
  ReadGlobal(root.Take("global"), config, &reading);
  ReadTemplates(root.Take("templates"), files, &reading);
  ReadReceivers(root.Take("receivers"), reading, &config->receivers);
  ReadTimeIntervals(root.Take("time_intervals"), "time interval", &config->time_intervals, errors);
  ReadTimeIntervals(root.Take("mute_time_intervals"), "mute time interval", &config->time_intervals,
                    errors);
  config->inhibit_rules = ReadInhibitRules(root.Take("inhibit_rules"), errors);
  const YAML::Node route = root.Take("route");
  if (route.IsNull()) {
    errors->Add(root.mark(), "no routes provided");
  } else {
    ReadRootRoute(route, config->receivers, config->time_intervals, &config->route, errors);
  }
  PassOver(&root, "tracing", files);
  PassOver(&root, "event_recorder", files);
  root.Finish();
}

}  // namespace

const Channel* Receiver::FindChannel(std::string_view kind, int index) const {
  const int place = PlaceOf(kind, index);
  return place < 0 ? nullptr : channels[place].get();
}

int Receiver::PlaceOf(std::string_view kind, int index) const {
  for (size_t i = 0; i < channels.size(); ++i) {
    if (channels[i]->kind() == kind && index-- == 0) return static_cast<int>(i);
  }
  return -1;
}

int Receiver::IndexOf(int place) const {
  int index = 0;
  for (int i = 0; i < place; ++i) {
    if (channels[i]->kind() == channels[place]->kind()) ++index;
  }
  return index;
}

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

absl::StatusOr<ManagerConfig> ParseManagerConfig(std::string_view file_name, std::string_view yaml,
                                                 ManagerFiles files) {
  YamlErrors errors(file_name);
  ManagerConfig config;
  if (!IsValidUtf8(yaml)) {
    errors.Add(YAML::Mark::null_mark(), "the file is not valid UTF-8");
    return errors.ToStatus();
  }
  try {
    ReadRoot(YAML::Load(std::string(yaml)), file_name, files, &config, &errors);
  } catch (const YAML::Exception& e) {
    errors.Add(e.mark, e.msg);
  }
  if (absl::Status status = errors.ToStatus(); !status.ok()) return status;
  NameRoutes(&config.route);
  config.yaml = yaml;
  return config;
}

}  // namespace vigil::alerting
