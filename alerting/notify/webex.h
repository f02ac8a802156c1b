// SPDX-License-Identifier: Apache-2.0
//
// `webex_configs`: messages to a Webex room.
#pragma once

#include <memory>

#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/channel_fields.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadWebex(const YAML::Node& node, const ChannelReading& reading);

}  // namespace vigil::alerting
