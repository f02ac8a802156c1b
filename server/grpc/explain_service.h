// SPDX-License-Identifier: Apache-2.0
//
// vigil.v1.ExplainService: why alerts paged or did not, and which rules make the most noise.
#pragma once

#include <memory>

#include "alerting/explain/explainer.h"
#include "alerting/rules/rule_engine.h"
#include "base/clock.h"
#include "server/query_gate.h"
#include "storage/storage.h"

namespace grpc {
class Service;
}

namespace vigil::server {

// What it asks; all must outlive it.
struct ExplainParts {
  alerting::Explainer::Dependencies dependencies;
  storage::Storage* storage = nullptr;
  const Clock* clock = nullptr;
  QueryGate* gate = nullptr;
};

// `options` are those of the rules.
std::unique_ptr<grpc::Service> MakeExplainService(const alerting::RuleEngineOptions& options,
                                                  const ExplainParts& parts);

}  // namespace vigil::server
