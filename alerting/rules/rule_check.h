// SPDX-License-Identifier: Apache-2.0
//
// What `vigil rules check` prints.
#pragma once

#include <string>
#include <vector>

namespace vigil::alerting {

struct RuleCheckReport {
  bool ok = true;
  // For each file what it holds and warnings, "FILE:LINE: warning: ...", of what can never be true;
  // or its mistakes as "FILE:LINE:COL: ...". Lines end in newlines.
  std::string text;
};

// Checks the files that the patterns match; a pattern that matches nothing is a mistake.
RuleCheckReport CheckRuleFiles(const std::vector<std::string>& patterns);

}  // namespace vigil::alerting
