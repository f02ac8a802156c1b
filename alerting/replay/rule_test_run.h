// SPDX-License-Identifier: Apache-2.0
//
// Runs one unit test of rules: the live rule engine on a clock that the test winds.
#pragma once

#include <vector>

#include "alerting/replay/rule_test_file.h"
#include "alerting/replay/rule_test_outcome.h"
#include "alerting/rules/rule_file.h"

namespace vigil::alerting {

// Evaluates `groups`, in their order, at the start of `test` and every evaluation interval of
// `file` until the last of its cases, however they are spaced elsewhere; alerts that are asked for
// in between are those of the evaluation before. Samples become visible when their time has come.
RuleTestOutcome RunRuleTest(const RuleTestFile& file, const RuleTest& test,
                            const std::vector<RuleGroup>& groups);

}  // namespace vigil::alerting
