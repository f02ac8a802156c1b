// SPDX-License-Identifier: Apache-2.0
//
// What operators mean for numbers.
#pragma once

#include <optional>

#include "query/promql/ast.h"

namespace vigil::promql {

// Sets `*result` to `left op right`, for a comparison to `left`. False if a comparison does not
// hold. Requires: `op` is no set operator and no trim.
bool FloatOperation(BinaryOp op, double left, double right, double* result);

// The comparison that holds for (b, a) when `op` does for (a, b); other operators as they are.
BinaryOp Mirrored(BinaryOp op);

// The value of an expression that looks at no data and no clock: numbers and arithmetic on them,
// also within vector() and scalar().
std::optional<double> ConstantOf(const Expr& expr);

}  // namespace vigil::promql
