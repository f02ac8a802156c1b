// SPDX-License-Identifier: Apache-2.0
//
// `rocketchat_configs`: a message with one attachment, to Rocket.Chat.
#pragma once

#include <memory>

#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/channel_fields.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadRocketchat(const YAML::Node& node, const ChannelReading& reading);

}  // namespace vigil::alerting
