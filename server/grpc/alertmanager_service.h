// SPDX-License-Identifier: Apache-2.0
//
// vigil.v1.AlertmanagerService: silences and routes.
#pragma once

#include <memory>

#include "alerting/manager/alert_manager.h"
#include "base/clock.h"

namespace grpc {
class Service;
}

namespace vigil::v1 {
class ExplainRoutesResponse;
}

namespace vigil::server {

// What the service answers about the routes of `config`, but for what only a running manager knows.
v1::ExplainRoutesResponse ExplainRoutesOf(const alerting::ManagerConfig& config,
                                          const storage::Labels& labels, int64_t now_ms);

// Both must outlive it.
std::unique_ptr<grpc::Service> MakeAlertmanagerService(alerting::AlertManager* manager,
                                                       const Clock* clock);

}  // namespace vigil::server
