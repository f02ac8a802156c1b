// SPDX-License-Identifier: Apache-2.0
//
// What keeps alerts out of the flush of their group, for the trail.
#pragma once

#include <cstdint>
#include <vector>

#include "alerting/manager/alert_store.h"
#include "alerting/manager/mute/muter.h"
#include "alerting/manager/route.h"
#include "alerting/manager/trail.h"

namespace vigil::alerting {

// Those of `all` that are not in `told`, by all that keeps them quiet under `route` at `now_ms`; in
// an order that depends on nothing else. Requires: `told` is in the order of `all`.
std::vector<HeldAlerts> HeldBack(const Muter& muter, const Route& route,
                                 const std::vector<StoredAlert*>& all,
                                 const std::vector<StoredAlert*>& told, int64_t now_ms);

}  // namespace vigil::alerting
