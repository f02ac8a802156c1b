// SPDX-License-Identifier: Apache-2.0
//
// Tree -> text for people: on one line what fits, indented on several what does not.
#pragma once

#include <string>

#include "query/promql/ast.h"

namespace vigil::promql {

// Longer expressions are split.
inline constexpr size_t kMaxPrettyLine = 100;

// The expression as Prometheus formats it; parses back to the same tree.
std::string PrettyPrint(const Expr& expr);

}  // namespace vigil::promql
