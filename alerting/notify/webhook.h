// SPDX-License-Identifier: Apache-2.0
//
// `webhook_configs`: the notification as JSON, or a payload of the user's own, to any HTTP server.
#pragma once

#include <memory>

#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/channel_fields.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadWebhook(const YAML::Node& node, const ChannelReading& reading);

}  // namespace vigil::alerting
