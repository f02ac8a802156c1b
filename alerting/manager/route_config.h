// SPDX-License-Identifier: Apache-2.0
//
// The `route` section of the configuration: YAML -> tree of routes. Part of config.h.
#pragma once

#include <vector>

#include <yaml-cpp/yaml.h>

#include "alerting/manager/config.h"
#include "base/yaml_map.h"

namespace vigil::alerting {

// Reads the tree below `node` into `*route`. Routes may only name `receivers` and `intervals`.
void ReadRootRoute(const YAML::Node& node, const std::vector<Receiver>& receivers,
                   const std::vector<TimeInterval>& intervals, Route* route, YamlErrors* errors);

}  // namespace vigil::alerting
