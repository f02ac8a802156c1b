// SPDX-License-Identifier: Apache-2.0
//
// The section `otlp:` of the configuration.
#pragma once

#include <yaml-cpp/yaml.h>

#include "base/yaml_map.h"
#include "collector/otlp/otlp_options.h"

namespace vigil::server {

// Reads the section, which may be null, over `*options`; what is wrong goes to `*errors`.
void ReadOtlp(const YAML::Node& node, YamlErrors* errors, collector::OtlpOptions* options);

}  // namespace vigil::server
