// SPDX-License-Identifier: Apache-2.0
//
// Shows the alerts and groups that the manager has.
#pragma once

#include <cstdint>
#include <vector>

#include "alerting/manager/alert_view.h"
#include "alerting/manager/config.h"
#include "alerting/manager/manager_state.h"
#include "alerting/manager/mute/muter.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

// The alerts that have not ended, by fingerprint.
std::vector<AlertView> ViewAlerts(const ManagerConfig& config, const ManagerState& state,
                                  const Muter& muter, const AlertFilter& filter, int64_t now_ms);
// The groups that have such alerts, by their labels (fewer first) and receivers.
std::vector<GroupView> ViewGroups(const ManagerConfig& config, const ManagerState& state,
                                  const Muter& muter, const AlertFilter& filter, int64_t now_ms);

// An alert that is not there but has these labels.
AlertView ViewLabels(const ManagerConfig& config, const Muter& muter, const storage::Labels& labels,
                     int64_t now_ms);

}  // namespace vigil::alerting
