// SPDX-License-Identifier: Apache-2.0
//
// How it stands with an alert in the manager, as it is shown to those who ask.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "alerting/alert.h"
#include "alerting/manager/mute/silence.h"
#include "alerting/manager/notification_log.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

// A notification about the alert that is on its way.
struct WaitingNotification {
  std::string id;
  int64_t flushed_at_ms = 0;
  int64_t next_attempt_ms = 0;
  int64_t attempts = 0;  // Those that failed.
  std::string last_error;
  bool in_flight = false;
};

// One channel of the receiver that a route sends the alert to.
struct IntegrationStanding {
  Integration integration;
  bool send_resolved = true;
  bool breaker_open = false;
  // When it was last told of the group, if the alert was among what it was told to fire; else 0.
  int64_t told_at_ms = 0;
  std::optional<WaitingNotification> waiting;
};

// A route that takes the alert.
struct RouteStanding {
  std::string route;  // The matchers from the root down to it.
  std::string receiver;
  std::vector<std::string> group_by;
  bool group_by_all = false;
  int64_t group_wait_ms = 0;
  int64_t group_interval_ms = 0;
  int64_t repeat_interval_ms = 0;
  std::string group_id;
  std::vector<std::string> muted_by;  // Time intervals.
  // Of the alert's group, if it is in one: the next flush, and whether there was one.
  std::optional<int64_t> next_flush_ms;
  bool flushed = false;
  std::optional<int64_t> held_until_ms;  // Its news waits for a budget, until then at least.
  std::vector<IntegrationStanding> integrations;
};

struct AlertStanding {
  // As the manager has it; nullopt if it does not, or has heard that it ended.
  std::optional<Alert> alert;
  std::vector<Silence> silences;                // Those that keep it quiet.
  std::optional<storage::Labels> inhibited_by;  // The alert that does.
  // "fired 4 times within 1h" of an alert that flaps: receivers are told that it fires until it is
  // calm.
  std::string flapping;
  std::vector<RouteStanding> routes;
};

}  // namespace vigil::alerting
