// SPDX-License-Identifier: Apache-2.0
//
// The selectors within an expression.
#pragma once

#include <vector>

#include "query/promql/ast.h"

namespace vigil::promql {

// All of them, in the order of the text. They belong to the expression.
std::vector<const VectorSelector*> SelectorsOf(const Expr& expr);

}  // namespace vigil::promql
