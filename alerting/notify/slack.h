// SPDX-License-Identifier: Apache-2.0
//
// `slack_configs`: a message with one attachment, to a webhook of Slack's or its API.
#pragma once

#include <memory>

#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/channel_fields.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadSlack(const YAML::Node& node, const ChannelReading& reading);

// What Slack's answer means: text "ok", or JSON that says so. `keep_place` remembers the message,
// to be changed by the next.
DeliveryOutcome JudgeSlack(const HttpAnswer& answer, bool keep_place);

}  // namespace vigil::alerting
