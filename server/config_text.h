// SPDX-License-Identifier: Apache-2.0
//
// The configuration as it may be shown.
#pragma once

#include <string>

#include <yaml-cpp/yaml.h>

namespace vigil::server {

// `root` as YAML, values of keys that name secrets replaced by `<secret>`.
std::string PublicConfigText(const YAML::Node& root);

}  // namespace vigil::server
