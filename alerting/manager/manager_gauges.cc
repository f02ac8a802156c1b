// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/manager_gauges.h"

#include <fmt/format.h>

#include "base/metrics.h"

namespace vigil::alerting {
namespace {

Gauge& AlertsGauge(const char* state) {
  return GetGauge("alertmanager_alerts", "Alerts that have not ended, by state.",
                  fmt::format("state=\"{}\"", state));
}

Gauge& SilencesGauge(const char* state) {
  return GetGauge("alertmanager_silences", "Silences, by state.",
                  fmt::format("state=\"{}\"", state));
}

void SetAlerts(const ManagerState& state, const Muter& muter, int64_t now_ms) {
  static Gauge& active_gauge = AlertsGauge("active");
  static Gauge& suppressed_gauge = AlertsGauge("suppressed");
  int64_t active = 0;
  int64_t suppressed = 0;
  for (const auto& [fingerprint, alert] : state.alerts.alerts()) {
    if (alert.ResolvedAt(now_ms)) continue;
    const storage::Labels& labels = alert.alert.labels;
    const bool quiet =
        state.silences.Mutes(labels, now_ms) || muter.InhibitedBy(labels, now_ms).has_value();
    ++(quiet ? suppressed : active);
  }
  active_gauge.Set(active);
  suppressed_gauge.Set(suppressed);
}

void SetHeld(const ManagerState& state, int64_t now_ms) {
  static Gauge& flapping_gauge =
      GetGauge("vigil_alertmanager_alerts_flapping", "Alerts that are held because they flap.");
  static Gauge& held_gauge = GetGauge("vigil_alertmanager_groups_held",
                                      "Groups whose news waits for the budget of their route.");
  int64_t flapping = 0;
  for (const auto& [fingerprint, entry] : state.flaps.entries()) {
    const auto at = state.alerts.alerts().find(fingerprint);
    if (at == state.alerts.alerts().end()) continue;
    if (entry.FlapsAt(at->second.alert.ends_at_ms, now_ms)) ++flapping;
  }
  int64_t held = 0;
  for (const auto& [id, budget] : state.budgets) {
    held += static_cast<int64_t>(budget.held().size());
  }
  flapping_gauge.Set(flapping);
  held_gauge.Set(held);
}

void SetSilences(const SilenceStore& silences, int64_t now_ms) {
  static Gauge& pending_gauge = SilencesGauge("pending");
  static Gauge& active_gauge = SilencesGauge("active");
  static Gauge& expired_gauge = SilencesGauge("expired");
  int64_t counts[3] = {};
  for (const auto& [id, silence] : silences.silences()) {
    ++counts[static_cast<int>(silence.StateAt(now_ms))];
  }
  pending_gauge.Set(counts[static_cast<int>(SilenceState::kPending)]);
  active_gauge.Set(counts[static_cast<int>(SilenceState::kActive)]);
  expired_gauge.Set(counts[static_cast<int>(SilenceState::kExpired)]);
}

}  // namespace

void SetGauges(const ManagerConfig& config, const ManagerState& state, const Muter& muter,
               int64_t now_ms) {
  static Gauge& groups = GetGauge("alertmanager_dispatcher_aggregation_groups",
                                  "Groups of alerts that are told together.");
  static Gauge& receivers = GetGauge("alertmanager_receivers", "Receivers of the configuration.");
  static Gauge& rules = GetGauge("alertmanager_inhibition_rules", "Inhibition rules.");
  SetAlerts(state, muter, now_ms);
  SetSilences(state.silences, now_ms);
  SetHeld(state, now_ms);
  groups.Set(static_cast<int64_t>(state.groups.groups().size()));
  receivers.Set(static_cast<int64_t>(config.receivers.size()));
  rules.Set(static_cast<int64_t>(config.inhibit_rules.size()));
}

}  // namespace vigil::alerting
