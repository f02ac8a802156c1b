// SPDX-License-Identifier: Apache-2.0
//
// What `vigil rules expand` prints: groups as a rule file that any Prometheus takes.
#pragma once

#include <string>
#include <vector>

#include "alerting/rules/rule_file.h"

namespace vigil::alerting {

// Shorthands are expanded already. Of what a rule says beyond Prometheus (RuleExtensions), levels
// become rules of their own and a ratio a division; what is lost is said in comments.
std::string WriteRuleYaml(const std::vector<RuleGroup>& groups);

}  // namespace vigil::alerting
