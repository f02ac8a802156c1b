// SPDX-License-Identifier: Apache-2.0
//
// What is allowed in rules and hardly meant, beyond what rule_lint.h finds in single expressions.
#pragma once

#include <string>
#include <vector>

#include "alerting/rules/rule_file.h"

namespace vigil::alerting {

struct RuleWarning {
  std::string file;
  int line = 0;
  std::string message;  // Begins with group and rule.
};

// Of all groups together, in their order:
// - two rules that record the same series, or two alerts that are the same;
// - an expression whose result no rule can take;
// - a label of an alert that holds the value: each change of it begins another alert;
// - a template that asks for a label that the expression leaves out.
std::vector<RuleWarning> LintGroups(const std::vector<RuleGroup>& groups);

}  // namespace vigil::alerting
