// SPDX-License-Identifier: Apache-2.0
//
// Matchers in the configuration: lists of texts, and the maps that came before them.
#pragma once

#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "base/yaml_map.h"
#include "storage/series/matcher.h"

namespace vigil::alerting {

bool IsLabelName(std::string_view name);

// Appends to `*matchers` what the fields of these names hold: `equal` and `regex` maps of label to
// value (`match`, `match_re`), `list` texts with any number of matchers each.
void ReadMatcherFields(YamlMap* map, std::string_view equal, std::string_view regex,
                       std::string_view list, std::vector<storage::Matcher>* matchers,
                       YamlErrors* errors);

}  // namespace vigil::alerting
