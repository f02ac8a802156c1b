// SPDX-License-Identifier: Apache-2.0
//
// Targets as configurations and files name them: a list of addresses with labels in common.
#pragma once

#include <string_view>
#include <vector>

#include "base/yaml_map.h"
#include "storage/series/labels.h"

namespace vigil::collector {

inline constexpr std::string_view kAddressLabel = "__address__";

// A target's labels before relabelling, its address among them.
using DiscoveredTarget = storage::Labels;

// Reads a map {targets: [...], labels: {...}}, called `what` in messages, and adds its targets.
void ReadTargetGroup(const YAML::Node& node, std::string_view what,
                     std::vector<DiscoveredTarget>* targets, YamlErrors* errors);

}  // namespace vigil::collector
