// SPDX-License-Identifier: Apache-2.0
//
// `incidentio_configs`: an alert of incident.io, to one of its sources.
#pragma once

#include <memory>

#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/channel_fields.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadIncidentio(const YAML::Node& node, const ChannelReading& reading);

}  // namespace vigil::alerting
