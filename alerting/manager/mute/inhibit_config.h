// SPDX-License-Identifier: Apache-2.0
//
// The `inhibit_rules` section of the configuration.
#pragma once

#include <vector>

#include <yaml-cpp/yaml.h>

#include "alerting/manager/mute/inhibit_rule.h"
#include "base/yaml_map.h"

namespace vigil::alerting {

// The rules that `node` (null: none) lists.
std::vector<InhibitRule> ReadInhibitRules(const YAML::Node& node, YamlErrors* errors);

}  // namespace vigil::alerting
