// SPDX-License-Identifier: Apache-2.0
//
// `wechat_configs`: a message to WeChat Work, by a token that is asked for first.
#pragma once

#include <memory>

#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/channel_fields.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadWechat(const YAML::Node& node, const ChannelReading& reading);

}  // namespace vigil::alerting
