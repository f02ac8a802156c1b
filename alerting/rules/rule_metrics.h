// SPDX-License-Identifier: Apache-2.0
//
// What the rule engine counts about a group, under the names that Prometheus' dashboards look for.
#pragma once

#include <string_view>

#include "base/metrics.h"

namespace vigil::alerting {

struct RuleGroupMetrics {
  explicit RuleGroupMetrics(std::string_view group_key);

  Counter& evaluations;
  Counter& evaluation_failures;
  Counter& iterations;
  Counter& iterations_missed;
  Gauge& interval_seconds;
  Gauge& last_evaluation_seconds;
  Gauge& last_evaluation_samples;
  Gauge& rules;
  Gauge& without_inputs;
};

// Alerts handed to the sink, refused by it, and writes of rule state that failed.
Counter& AlertsSentCounter();
Counter& AlertSendFailuresCounter();
Counter& RuleStateFailuresCounter();

}  // namespace vigil::alerting
