// SPDX-License-Identifier: Apache-2.0
//
// The `alerting` section of the server's configuration, as Prometheus writes it.
#pragma once

#include <yaml-cpp/yaml.h>

#include "alerting/forward/alert_forwarder.h"
#include "base/yaml_map.h"

namespace vigil::alerting {

// Reads the section; null is no targets. Mistakes, and what is not supported, go to `errors`.
ForwardConfig ReadForwardConfig(const YAML::Node& node, YamlErrors* errors);

}  // namespace vigil::alerting
