// SPDX-License-Identifier: Apache-2.0
//
// `msteamsv2_configs`: an adaptive card, to a workflow of Microsoft Teams.
#pragma once

#include <memory>

#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/channel_fields.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadMsteamsv2(const YAML::Node& node, const ChannelReading& reading);

}  // namespace vigil::alerting
