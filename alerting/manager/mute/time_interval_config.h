// SPDX-License-Identifier: Apache-2.0
//
// The `time_intervals` section of the configuration, and its older name `mute_time_intervals`.
#pragma once

#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "alerting/manager/mute/time_interval.h"
#include "base/yaml_map.h"

namespace vigil::alerting {

// Adds the intervals of `node` (null: none) to `*intervals`. `what` names one in messages: "time
// interval", "mute time interval".
void ReadTimeIntervals(const YAML::Node& node, std::string_view what,
                       std::vector<TimeInterval>* intervals, YamlErrors* errors);

}  // namespace vigil::alerting
