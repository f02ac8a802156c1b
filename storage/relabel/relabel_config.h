// SPDX-License-Identifier: Apache-2.0
//
// Relabelling rules as they are written in configurations (`relabel_configs` and its kin).
#pragma once

#include <vector>

#include "base/yaml_map.h"
#include "storage/relabel/relabel_rule.h"

namespace vigil::storage {

// Reads the list `node`, the value of the field `what`; null is no rules. Mistakes go to `errors`.
std::vector<RelabelRule> ReadRelabelConfigs(const YAML::Node& node, std::string_view what,
                                            YamlErrors* errors);

}  // namespace vigil::storage
