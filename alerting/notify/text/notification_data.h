// SPDX-License-Identifier: Apache-2.0
//
// A notification as templates see it: `.Alerts.Firing`, `.CommonLabels.SortedPairs` and so on.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "alerting/notify/notification.h"
#include "alerting/template/value.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

// The root.
text_template::Value NotificationData(const Notification& notification);

// Labels or annotations: a map in which a missing key is "", with the methods SortedPairs, Remove,
// Names and Values.
text_template::Value KeyValues(const storage::Labels& labels);

// What the function toJson writes.
nlohmann::ordered_json JsonOf(const text_template::Value& value);

}  // namespace vigil::alerting
