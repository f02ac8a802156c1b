// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/mute/muter.h"

#include <algorithm>

#include <absl/functional/function_ref.h>
#include <fmt/format.h>

#include "base/metrics.h"

namespace vigil::alerting {
namespace {

Counter& SuppressedCounter(const char* reason) {
  return GetCounter("alertmanager_notifications_suppressed_total",
                    "Alerts that were left out of notifications.",
                    fmt::format("reason=\"{}\"", reason));
}

// How many were dropped.
int64_t DropIf(absl::FunctionRef<bool(const StoredAlert&)> is_muted,
               std::vector<StoredAlert*>* alerts) {
  return static_cast<int64_t>(
      std::erase_if(*alerts, [&](const StoredAlert* alert) { return is_muted(*alert); }));
}

bool Contains(const ManagerConfig& config, const std::string& interval, int64_t now_ms) {
  const TimeInterval* const found = config.FindTimeInterval(interval);
  return found != nullptr && found->Contains(now_ms);
}

std::vector<std::string> MutingIntervals(const ManagerConfig& config, const Route& route,
                                         int64_t now_ms) {
  std::vector<std::string> names;
  for (const std::string& name : route.mute_time_intervals) {
    if (Contains(config, name, now_ms)) names.push_back(name);
  }
  return names;
}

bool IsAwake(const ManagerConfig& config, const Route& route, int64_t now_ms) {
  const std::vector<std::string>& names = route.active_time_intervals;
  return names.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
           return Contains(config, name, now_ms);
         });
}

}  // namespace

std::vector<std::string> IntervalsMuting(const ManagerConfig& config, const Route& route,
                                         int64_t now_ms) {
  if (!IsAwake(config, route, now_ms)) return route.active_time_intervals;
  return MutingIntervals(config, route, now_ms);
}

void Muter::SetConfig(const ManagerConfig* config) {
  config_ = config;
  inhibitor_ = Inhibitor(&config->inhibit_rules, alerts_);
}

void Muter::DropMuted(const Route& route, int64_t now_ms, std::vector<StoredAlert*>* alerts,
                      bool counts) const {
  static Counter& inhibited = SuppressedCounter("inhibition");
  static Counter& asleep = SuppressedCounter("active_time_interval");
  static Counter& muted = SuppressedCounter("mute_time_interval");
  static Counter& silenced = SuppressedCounter("silence");
  const auto count = [counts](Counter& counter, int64_t dropped) {
    if (counts) counter.Add(dropped);
  };
  const auto is_inhibited = [&](const StoredAlert& stored) {
    return InhibitedBy(stored.alert.labels, now_ms).has_value();
  };
  count(inhibited, DropIf(is_inhibited, alerts));
  if (alerts->empty()) return;
  const bool is_asleep = !IsAwake(*config_, route, now_ms);
  if (is_asleep || !MutingIntervals(*config_, route, now_ms).empty()) {
    count(is_asleep ? asleep : muted, static_cast<int64_t>(alerts->size()));
    alerts->clear();
    return;
  }
  const auto is_silenced = [&](const StoredAlert& stored) {
    return silences_->Mutes(stored.alert.labels, now_ms);
  };
  count(silenced, DropIf(is_silenced, alerts));
}

}  // namespace vigil::alerting
