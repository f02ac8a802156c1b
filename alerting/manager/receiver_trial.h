// SPDX-License-Identifier: Apache-2.0
//
// Tries receivers out: sends each of their channels a notification that says that it is a test.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/manager/config.h"
#include "alerting/notify/notifier.h"

namespace vigil::alerting {

// What a channel answered.
struct TrialAnswer {
  std::string receiver;
  std::string kind;
  int index = 0;
  DeliveryOutcome outcome;
  int64_t took_ms = 0;
};

// Sends to the receiver `name`, "" for all, and waits for all answers; each has `timeout_ms`.
// NotFound if there is no such receiver.
absl::StatusOr<std::vector<TrialAnswer>> TryReceivers(const std::vector<Receiver>& receivers,
                                                      std::string_view name,
                                                      const std::string& external_url,
                                                      int64_t now_ms, int64_t timeout_ms,
                                                      Notifier* notifier);

}  // namespace vigil::alerting
