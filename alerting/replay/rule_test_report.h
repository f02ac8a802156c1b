// SPDX-License-Identifier: Apache-2.0
//
// What is said of unit tests of rules: to people, and to programs as JSON or JUnit's XML.
#pragma once

#include <string>
#include <vector>

#include "alerting/replay/rule_test_outcome.h"

namespace vigil::alerting {

// "FILE: SUCCESS (3 tests)", or "FILE: FAILED (1 of 3 tests)" and for each failed case its place,
// what was expected, what was there and what differs.
std::string RuleTestText(const RuleTestFileOutcome& outcome);

// {"ok": ..., "files": [{"file", "ok", "warnings", "error", "tests": [{"name", "line", "column",
// "ok", "seconds", "failures": [...]}]}]} on one line.
std::string RuleTestJson(const std::vector<RuleTestFileOutcome>& outcomes);

// A <testsuite> for each file, a <testcase> for each test.
std::string RuleTestJUnit(const std::vector<RuleTestFileOutcome>& outcomes);

}  // namespace vigil::alerting
