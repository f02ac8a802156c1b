// SPDX-License-Identifier: Apache-2.0
//
// vigil.v1.BacktestService: what rules would have done over the data that is kept, and whom the
// alert manager would have told.
#pragma once

#include <memory>

#include "alerting/manager/alert_manager.h"
#include "alerting/rules/rule_engine.h"
#include "query/exec/engine.h"
#include "server/query_gate.h"
#include "storage/storage.h"

namespace grpc {
class Service;
}

namespace vigil::server {

// All must outlive the service. `options` are those of the rules that the server evaluates, `rules`
// these; `manager` is asked for its configuration only.
std::unique_ptr<grpc::Service> MakeBacktestService(storage::Storage* storage,
                                                   const exec::Engine* engine, QueryGate* gate,
                                                   const alerting::RuleEngineOptions& options,
                                                   const alerting::RuleEngine* rules,
                                                   const alerting::AlertManager* manager);

}  // namespace vigil::server
