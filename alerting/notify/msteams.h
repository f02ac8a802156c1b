// SPDX-License-Identifier: Apache-2.0
//
// `msteams_configs`: a message card, to a connector of Microsoft Teams, the way before its
// workflows.
#pragma once

#include <memory>

#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/channel_fields.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadMsteams(const YAML::Node& node, const ChannelReading& reading);

}  // namespace vigil::alerting
