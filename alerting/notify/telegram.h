// SPDX-License-Identifier: Apache-2.0
//
// `telegram_configs`: messages of a Telegram bot.
#pragma once

#include <memory>

#include <yaml-cpp/yaml.h>

#include "alerting/notify/channel.h"
#include "alerting/notify/channel_fields.h"

namespace vigil::alerting {

std::unique_ptr<Channel> ReadTelegram(const YAML::Node& node, const ChannelReading& reading);

}  // namespace vigil::alerting
