// SPDX-License-Identifier: Apache-2.0
//
// Walking over syntax trees.
#pragma once

#include <absl/functional/function_ref.h>

#include "query/promql/ast.h"

namespace vigil::promql {

// Calls `visit` for each direct operand of `expr`, from left to right; durations are none.
void ForEachChild(const Expr& expr, absl::FunctionRef<void(const Expr& child)> visit);

}  // namespace vigil::promql
