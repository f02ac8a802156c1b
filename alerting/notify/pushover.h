// SPDX-License-Identifier: Apache-2.0
//
// `pushover_configs`: messages of Pushover.
#pragma once

#include <memory>

#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/channel_fields.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadPushover(const YAML::Node& node, const ChannelReading& reading);

}  // namespace vigil::alerting
