// SPDX-License-Identifier: Apache-2.0
//
// The `limits:` section of the configuration.
#pragma once

#include <yaml-cpp/yaml.h>

#include "base/yaml_map.h"
#include "storage/limits/tenant_limits.h"

namespace vigil::server {

// `*settings` overridden by what `node` says, null for nothing: limits of everyone by their names,
// and under `tenants` those of one tenant, which has everyone's where it names none of its own.
void ReadLimits(const YAML::Node& node, storage::LimitSettings* settings, YamlErrors* errors);

}  // namespace vigil::server
