// SPDX-License-Identifier: Apache-2.0
//
// `mattermost_configs`: a message with attachments, to a webhook of Mattermost.
#pragma once

#include <memory>

#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/channel_fields.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadMattermost(const YAML::Node& node, const ChannelReading& reading);

}  // namespace vigil::alerting
