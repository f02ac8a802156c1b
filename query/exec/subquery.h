// SPDX-License-Identifier: Apache-2.0
//
// Subqueries: an expression evaluated once over a grid of its own, whose points become samples.
#pragma once

#include <memory>

#include <absl/status/statusor.h>

#include "query/exec/evaluator.h"

namespace vigil::exec {

absl::StatusOr<std::unique_ptr<RangeVector>> EvaluateSubquery(Evaluator& evaluator,
                                                              const promql::Subquery& subquery);

}  // namespace vigil::exec
