// SPDX-License-Identifier: Apache-2.0
//
// The cases of a unit test that ask what an expression gives.
#pragma once

#include <optional>

#include "alerting/replay/rule_test_file.h"
#include "alerting/replay/rule_test_outcome.h"
#include "query/exec/engine.h"
#include "storage/metrics/querier.h"

namespace vigil::alerting {

// What is wrong; none if the expression gives what is expected.
std::optional<RuleTestFailure> CheckExprTest(const exec::Engine& engine, const ExprTest& test,
                                             int64_t start_ms, bool fuzzy,
                                             storage::MetricSource* source);

}  // namespace vigil::alerting
