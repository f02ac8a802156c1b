// SPDX-License-Identifier: Apache-2.0
//
// `discord_configs`: a message with one embed, to a webhook of Discord's.
#pragma once

#include <memory>

#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/channel_fields.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadDiscord(const YAML::Node& node, const ChannelReading& reading);

}  // namespace vigil::alerting
