// SPDX-License-Identifier: Apache-2.0
//
// `victorops_configs`: an incident of VictorOps (Splunk On-Call), by its REST endpoint.
#pragma once

#include <memory>

#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/channel_fields.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadVictorops(const YAML::Node& node, const ChannelReading& reading);

}  // namespace vigil::alerting
