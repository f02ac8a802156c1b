// SPDX-License-Identifier: Apache-2.0
//
// The decisions of the notification pipeline, as pure functions: whether to tell a receiver about
// a group now, and how long to wait before trying again.
#pragma once

#include <cstdint>
#include <string_view>

#include "alerting/manager/notification_log.h"

namespace vigil::alerting {

// The reason of one that tells nothing new.
inline constexpr std::string_view kRepeatReason = "repeat interval elapsed";

struct DedupInput {
  const LogEntry* last = nullptr;  // Null: never told.
  const AlertSets* current = nullptr;
  bool send_resolved = true;
  int64_t repeat_interval_ms = 0;
  int64_t now_ms = 0;
};

// Why the receiver is to be told now ("first notification", "new alerts added", "alert flaps", "all
// alerts resolved", "some alerts resolved", "repeat interval elapsed"); "" if it is not. With
// `send_resolved` false, "all alerts resolved" only clears the log; nothing is sent.
std::string_view NotificationReason(const DedupInput& input);

// How long to wait after the `attempts`th failed attempt (from 1). `random` in [0, 1) sets the
// jitter; 0.5 is none.
int64_t BackoffMs(int64_t attempts, double random);

}  // namespace vigil::alerting
