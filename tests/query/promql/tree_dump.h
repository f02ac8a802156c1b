// SPDX-License-Identifier: Apache-2.0
//
// Everything that is in a PromQL tree but its spans, as one line: trees are equal if their dumps
// are.
#pragma once

#include <string>

#include "query/promql/ast.h"

namespace vigil::promql {

std::string DumpTree(const Expr& expr);

}  // namespace vigil::promql
