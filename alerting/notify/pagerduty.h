// SPDX-License-Identifier: Apache-2.0
//
// `pagerduty_configs`: events of PagerDuty's Events API, version 2 (with a routing key) or 1 (with
// a service key).
#pragma once

#include <memory>

#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/channel_fields.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadPagerduty(const YAML::Node& node, const ChannelReading& reading);

}  // namespace vigil::alerting
