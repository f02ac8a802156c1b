// SPDX-License-Identifier: Apache-2.0
//
// What `vigil rules check` finds in rule files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vigil::alerting {

struct RuleFileCheck {
  std::string file;  // The pattern if it matches nothing.
  size_t groups = 0;
  size_t alerting = 0;
  size_t recording = 0;
  std::vector<std::string> mistakes;  // "FILE:LINE:COL: ..."; with any, nothing is counted.
  std::vector<std::string> warnings;  // "FILE:LINE: warning: ..."
  bool ok() const { return mistakes.empty(); }
};

// Checks the files that the patterns match, each once. A pattern that matches nothing is a mistake.
std::vector<RuleFileCheck> CheckRuleFiles(const std::vector<std::string>& patterns);

// A line for each file, mistake and warning; with several files a sum in the end.
std::string RuleCheckText(const std::vector<RuleFileCheck>& checks);
// {"ok": ..., "files": [{"file", "ok", "groups", "rules", "alerting", "recording", "mistakes",
// "warnings"}]} on one line.
std::string RuleCheckJson(const std::vector<RuleFileCheck>& checks);

}  // namespace vigil::alerting
