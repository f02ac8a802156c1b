// SPDX-License-Identifier: Apache-2.0
//
// Figures of the manager's state, as users of Alertmanager know them from its self-metrics.
#pragma once

#include <cstdint>

#include "alerting/manager/config.h"
#include "alerting/manager/manager_state.h"
#include "alerting/manager/mute/muter.h"

namespace vigil::alerting {

// Sets the gauges to what is there at `now_ms`.
void SetGauges(const ManagerConfig& config, const ManagerState& state, const Muter& muter,
               int64_t now_ms);

}  // namespace vigil::alerting
