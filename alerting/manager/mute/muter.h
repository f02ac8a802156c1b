// SPDX-License-Identifier: Apache-2.0
//
// What keeps alerts quiet: inhibition, time intervals and silences, in this order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "alerting/manager/alert_store.h"
#include "alerting/manager/config.h"
#include "alerting/manager/mute/inhibitor.h"
#include "alerting/manager/mute/silence_store.h"

namespace vigil::alerting {

// The time intervals that keep all of `route` quiet: those in which it is awake when none of these
// contains the time, else those that mute it and contain the time.
std::vector<std::string> IntervalsMuting(const ManagerConfig& config, const Route& route,
                                         int64_t now_ms);

// Not thread-safe.
class Muter {
 public:
  // `config` (until the next SetConfig), `alerts` and `silences` must outlive it.
  Muter(const ManagerConfig* config, const AlertStore* alerts, const SilenceStore* silences)
      : config_(config),
        alerts_(alerts),
        silences_(silences),
        inhibitor_(&config->inhibit_rules, alerts) {}

  // Takes a new configuration, and what the store of alerts holds now.
  void SetConfig(const ManagerConfig* config);
  Inhibitor& inhibitor() { return inhibitor_; }

  // Takes out of `*alerts` those that nobody is to be told of now under `route`, and counts them
  // among the self-metrics unless it is only to be found out.
  void DropMuted(const Route& route, int64_t now_ms, std::vector<StoredAlert*>* alerts,
                 bool counts = true) const;

  // Why an alert with these labels is quiet; nothing if it is not.
  std::optional<uint64_t> InhibitedBy(const storage::Labels& labels, int64_t now_ms) const {
    return inhibitor_.FindInhibitor(labels, now_ms);
  }
  std::vector<std::string> SilencedBy(const storage::Labels& labels, int64_t now_ms) const {
    return silences_->Muting(labels, now_ms);
  }
  std::vector<std::string> MutedBy(const Route& route, int64_t now_ms) const {
    return IntervalsMuting(*config_, route, now_ms);
  }

 private:
  const ManagerConfig* config_;
  const AlertStore* const alerts_;
  const SilenceStore* const silences_;
  Inhibitor inhibitor_;
};

}  // namespace vigil::alerting
