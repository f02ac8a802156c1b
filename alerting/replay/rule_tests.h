// SPDX-License-Identifier: Apache-2.0
//
// Unit tests of rules, file by file: what `vigil rules test` runs.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "alerting/replay/rule_test_outcome.h"

namespace vigil::alerting {

// Whether a test of this name is to run.
using RuleTestFilter = std::function<bool(std::string_view name)>;

// Runs the tests of the file at `path` that `filter` takes; null takes all.
RuleTestFileOutcome RunRuleTestFile(const std::string& path, const RuleTestFilter& filter);

}  // namespace vigil::alerting
