// SPDX-License-Identifier: Apache-2.0
//
// `sns_configs`: a message to Amazon SNS, signed with Signature Version 4.
#pragma once

#include <memory>

#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/channel_fields.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadSns(const YAML::Node& node, const ChannelReading& reading);

}  // namespace vigil::alerting
