// SPDX-License-Identifier: Apache-2.0
//
// `jira_configs`: an issue of Jira per group, opened, brought up to date, closed and opened again.
#pragma once

#include <memory>

#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/channel_fields.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadJira(const YAML::Node& node, const ChannelReading& reading);

}  // namespace vigil::alerting
