// SPDX-License-Identifier: Apache-2.0
//
// A channel that is nothing but a function from a notification to a request.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <absl/status/status.h>
#include <nlohmann/json.hpp>

#include "alerting/notify/channel.h"
#include "alerting/notify/text/notification_templates.h"

namespace vigil::alerting {

// Fills in URL, headers and body; what fails in `texts` need not be returned.
using WriteRequest = std::function<absl::Status(const Notification& notification,
                                                NotificationTexts* texts, Delivery* delivery)>;

std::unique_ptr<Channel> MakeSimpleChannel(std::string kind, ChannelSettings settings,
                                           WriteRequest write);

// The body, and its header.
void SetJson(const nlohmann::ordered_json& json, Delivery* delivery);

// Sets `name` if there is something to say.
void PutText(nlohmann::ordered_json* json, const char* name, std::string text);

}  // namespace vigil::alerting
