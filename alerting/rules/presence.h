// SPDX-License-Identifier: Apache-2.0
//
// Tells an element that is missing from a rule's result because its condition does not hold from
// one that is missing because there are no data about it.
#pragma once

#include "query/promql/ast.h"

namespace vigil::alerting {

// Turns `expr` into one whose result has the label sets, but for their metric names, that `expr`'s
// would have if all its comparisons held: `rate(x[5m]) > 5` becomes `rate(x[5m])`. Null when there
// is no telling, as of absent(), which is there when data are not.
promql::ExprPtr MakePresenceExpr(promql::ExprPtr expr);

}  // namespace vigil::alerting
