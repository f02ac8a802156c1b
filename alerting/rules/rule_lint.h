// SPDX-License-Identifier: Apache-2.0
//
// What is allowed in a rule but cannot be meant: parts of its expression that can never give
// anything, or always give the same. Only what holds whatever the data are: `up == 2` is no such
// thing.
#pragma once

#include <string>
#include <vector>

#include "alerting/rules/rule_file.h"
#include "query/promql/ast.h"

namespace vigil::alerting {

// One text for each such part, in the order of the expression.
std::vector<std::string> LintExpr(const promql::Expr& expr);

// The same of a rule as it was read; nothing when its expression does not parse.
std::vector<std::string> LintRule(const Rule& rule);

}  // namespace vigil::alerting
