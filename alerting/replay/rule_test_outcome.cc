// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/rule_test_outcome.h"

#include <algorithm>

namespace vigil::alerting {

size_t RuleTestFileOutcome::FailedTests() const {
  if (!error.empty()) return tests.size();
  return std::count_if(tests.begin(), tests.end(),
                       [](const RuleTestOutcome& test) { return !test.failures.empty(); });
}

std::string_view FailureKindName(RuleTestFailure::Kind kind) {
  switch (kind) {
    case RuleTestFailure::Kind::kSetup:
      return "setup";
    case RuleTestFailure::Kind::kRule:
      return "rule";
    case RuleTestFailure::Kind::kAlerts:
      return "alerts";
    case RuleTestFailure::Kind::kExpr:
      return "expr";
  }
  return "setup";
}

}  // namespace vigil::alerting
