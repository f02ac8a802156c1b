// SPDX-License-Identifier: Apache-2.0
//
// The `receivers` section and `http_config` of the configuration. Part of config.h.
#pragma once

#include <string>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "alerting/manager/config.h"
#include "base/yaml_map.h"

namespace vigil::alerting {

// Reads a list of receivers. Webhooks without an `http_config` of their own get `default_headers`.
void ReadReceivers(const YAML::Node& node, const std::vector<std::string>& default_headers,
                   std::vector<Receiver>* receivers, YamlErrors* errors);

// Reads an `http_config` into the headers that it asks for. Null: none.
void ReadHttpConfig(const YAML::Node& node, std::vector<std::string>* headers, YamlErrors* errors);

}  // namespace vigil::alerting
