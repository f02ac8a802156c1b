// SPDX-License-Identifier: Apache-2.0
//
// What vigil counts about deliveries, under Alertmanager's names.
#pragma once

#include <cstdint>
#include <string_view>

#include "alerting/notify/notifier.h"

namespace vigil::alerting {

// In a rehearsal nothing is counted: these are the figures of what people were told.
class DeliveryMetrics {
 public:
  explicit DeliveryMetrics(bool rehearsal) : rehearsal_(rehearsal) {}

  // A notification goes out for the first time; an attempt begins.
  void CountNotification(std::string_view kind) const;
  void CountAttempt(std::string_view kind) const;
  // An attempt ended; what it took is the latency.
  void CountAttemptEnd(std::string_view kind, const DeliveryOutcome& outcome,
                       int64_t took_ms) const;
  // A notification was given up.
  void CountGivenUp(std::string_view kind, int last_http_status) const;
  // Channels that are left alone because they keep failing.
  void SetOpenBreakers(int64_t count) const;

 private:
  const bool rehearsal_;
};

}  // namespace vigil::alerting
