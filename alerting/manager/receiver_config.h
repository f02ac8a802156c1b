// SPDX-License-Identifier: Apache-2.0
//
// The `receivers` and `templates` sections of the configuration, and what `global` says about
// receivers. Part of config.h.
#pragma once

#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "alerting/manager/config.h"
#include "alerting/notify/channel_fields.h"
#include "base/yaml_map.h"

namespace vigil::alerting {

// What receivers of the configuration file `file_name` are read with before any section is.
ChannelReading BeginReading(std::string_view file_name, YamlErrors* errors);

// Takes what `global` says about receivers.
void ReadChannelDefaults(YamlMap* global, ChannelReading* reading);

// Loads the files that `templates` names, if they are to be read.
void ReadTemplates(const YAML::Node& node, ManagerFiles files, ChannelReading* reading);

// Reads a list of receivers.
void ReadReceivers(const YAML::Node& node, const ChannelReading& reading,
                   std::vector<Receiver>* receivers);

}  // namespace vigil::alerting
