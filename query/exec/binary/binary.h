// SPDX-License-Identifier: Apache-2.0
//
// Binary operators between scalars and vectors.
#pragma once

#include <absl/status/statusor.h>

#include "query/exec/evaluator.h"

namespace vigil::exec {

absl::StatusOr<Value> EvaluateBinary(Evaluator& evaluator, const promql::Binary& binary);

// binary_matching.cc: all operators between two vectors but the set operators.
absl::StatusOr<VectorValue> MatchVectors(Evaluator& evaluator, const promql::Binary& binary,
                                         VectorValue left, VectorValue right);

// binary_set.cc: and, or, unless.
absl::StatusOr<VectorValue> CombineSets(const promql::Binary& binary, VectorValue left,
                                        VectorValue right);

}  // namespace vigil::exec
