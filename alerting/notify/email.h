// SPDX-License-Identifier: Apache-2.0
//
// `email_configs`: mail by SMTP.
#pragma once

#include <memory>

#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/channel_fields.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadEmail(const YAML::Node& node, const ChannelReading& reading);

}  // namespace vigil::alerting
