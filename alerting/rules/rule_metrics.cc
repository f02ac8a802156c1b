// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_metrics.h"

#include <string>

#include <fmt/format.h>

#include "storage/series/labels.h"

namespace vigil::alerting {
namespace {

std::string GroupLabel(std::string_view group_key) {
  return fmt::format("rule_group={}", storage::Quote(group_key));
}

}  // namespace

RuleGroupMetrics::RuleGroupMetrics(std::string_view group_key)
    : evaluations(GetCounter("prometheus_rule_evaluations_total", "Rules evaluated.",
                             GroupLabel(group_key))),
      evaluation_failures(GetCounter("prometheus_rule_evaluation_failures_total",
                                     "Evaluations of rules that failed.", GroupLabel(group_key))),
      iterations(GetCounter("prometheus_rule_group_iterations_total", "Evaluations of rule groups.",
                            GroupLabel(group_key))),
      iterations_missed(GetCounter("prometheus_rule_group_iterations_missed_total",
                                   "Slots of rule groups that passed without an evaluation.",
                                   GroupLabel(group_key))),
      interval_seconds(GetGauge("prometheus_rule_group_interval_seconds",
                                "Time between evaluations of a rule group.",
                                GroupLabel(group_key))),
      last_evaluation_seconds(GetGauge("prometheus_rule_group_last_evaluation_timestamp_seconds",
                                       "When a rule group was evaluated last, Unix seconds.",
                                       GroupLabel(group_key))),
      last_evaluation_samples(GetGauge("prometheus_rule_group_last_evaluation_samples",
                                       "Samples that the last evaluation of a group gave.",
                                       GroupLabel(group_key))),
      rules(GetGauge("prometheus_rule_group_rules", "Rules of a group.", GroupLabel(group_key))),
      without_inputs(GetGauge("vigil_rule_group_rules_without_inputs",
                              "Rules of a group whose selectors find no series.",
                              GroupLabel(group_key))) {}

Counter& AlertsSentCounter() {
  static Counter& counter =
      GetCounter("prometheus_notifications_sent_total", "Alerts handed to the alert manager.",
                 "alertmanager=\"vigil\"");
  return counter;
}

Counter& AlertSendFailuresCounter() {
  static Counter& counter =
      GetCounter("prometheus_notifications_errors_total",
                 "Alerts that the alert manager did not take.", "alertmanager=\"vigil\"");
  return counter;
}

Counter& RuleStateFailuresCounter() {
  static Counter& counter =
      GetCounter("vigil_rule_state_write_failures_total", "Writes of alert state that failed.");
  return counter;
}

}  // namespace vigil::alerting
