// SPDX-License-Identifier: Apache-2.0
//
// `opsgenie_configs`: alerts of Opsgenie, opened and closed.
#pragma once

#include <memory>

#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/channel_fields.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadOpsgenie(const YAML::Node& node, const ChannelReading& reading);

}  // namespace vigil::alerting
