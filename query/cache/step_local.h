// SPDX-License-Identifier: Apache-2.0
//
// Which expressions can be answered step by step, so that answers of the past stay good.
#pragma once

#include "query/promql/ast.h"

namespace vigil::cache {

// Whether what `expr` gives at a step follows from the samples up to that step alone, whatever the
// range that it is asked for. Not so with `@`, negative offsets, `smoothed` and functions of the
// query's own range.
bool IsStepLocal(const promql::Expr& expr);

}  // namespace vigil::cache
