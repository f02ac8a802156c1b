// SPDX-License-Identifier: Apache-2.0
//
// vigil.v1.DeliveryService: what became of notifications.
#pragma once

#include <functional>
#include <memory>

#include "alerting/manager/alert_manager.h"

namespace grpc {
class Service;
}

namespace vigil::server {

// `wake` has the manager look at what is due.
std::unique_ptr<grpc::Service> MakeDeliveryService(alerting::AlertManager* manager,
                                                   std::function<void()> wake);

}  // namespace vigil::server
