// SPDX-License-Identifier: Apache-2.0
//
// What vigil counts about deliveries, under Alertmanager's names.
#pragma once

#include <cstdint>
#include <string_view>

#include "alerting/notify/notifier.h"

namespace vigil::alerting {

// A notification goes out for the first time; an attempt begins.
void CountNotification(std::string_view kind);
void CountAttempt(std::string_view kind);
// An attempt ended; what it took is the latency.
void CountAttemptEnd(std::string_view kind, const DeliveryOutcome& outcome, int64_t took_ms);
// A notification was given up.
void CountGivenUp(std::string_view kind, int last_http_status);
// Channels that are left alone because they keep failing.
void SetOpenBreakers(int64_t count);

}  // namespace vigil::alerting
