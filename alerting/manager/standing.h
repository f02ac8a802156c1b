// SPDX-License-Identifier: Apache-2.0
//
// How it stands with an alert in the manager: where it goes, what keeps it quiet, whom its groups
// have told and what is still on its way.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "alerting/alert.h"
#include "alerting/manager/config.h"
#include "alerting/manager/manager_state.h"
#include "alerting/manager/mute/muter.h"
#include "alerting/manager/standing_view.h"
#include "storage/series/labels.h"

namespace vigil::alerting {

// `is_open` says whether the breaker of an integration's channel is.
AlertStanding StandingOf(const ManagerConfig& config, const ManagerState& state, const Muter& muter,
                         const std::function<bool(const Integration&)>& is_open,
                         const storage::Labels& labels, int64_t now_ms);

}  // namespace vigil::alerting
