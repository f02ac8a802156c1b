// SPDX-License-Identifier: Apache-2.0
//
// The configuration as it may be shown.
#pragma once

#include <string>

#include <absl/status/statusor.h>
#include <yaml-cpp/yaml.h>

namespace vigil::server {

// `root` as YAML, values of keys that name secrets replaced by `<secret>`.
std::string PublicConfigText(const YAML::Node& root);

// The same of an Alertmanager configuration, whose webhooks and keys are secrets too.
// InvalidArgument: `yaml` is no YAML.
absl::StatusOr<std::string> PublicAlertmanagerText(const std::string& yaml);

}  // namespace vigil::server
