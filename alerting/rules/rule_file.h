// SPDX-License-Identifier: Apache-2.0
//
// Prometheus rule files: YAML -> checked groups of rules.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/rules/rule_extensions.h"

namespace vigil::alerting {

// A recording or an alerting rule; its expression and templates are known to parse.
struct Rule {
  std::string record;  // Exactly one of record
  std::string alert;   // and alert is set.
  std::string expr;
  int64_t for_ms = 0;
  int64_t keep_firing_for_ms = 0;
  std::vector<std::pair<std::string, std::string>> labels;       // In file order.
  std::vector<std::pair<std::string, std::string>> annotations;  // Likewise.
  int line = 0;                                                  // Where it begins in its file.
  RuleExtensions extensions;                                     // Alerting rules only.

  bool IsAlert() const { return !alert.empty(); }
  const std::string& name() const { return IsAlert() ? alert : record; }
  friend bool operator==(const Rule&, const Rule&) = default;
};

struct RuleGroup {
  std::string file;
  std::string name;
  int64_t interval_ms = 0;       // 0: the engine's default.
  int64_t query_offset_ms = -1;  // -1: the engine's default.
  int64_t limit = 0;             // 0: none.
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<Rule> rules;
  friend bool operator==(const RuleGroup&, const RuleGroup&) = default;
};

// The groups of one file. InvalidArgument reads "FILE:LINE:COL: group "g", rule N, "name": what is
// wrong", one line for each mistake.
absl::StatusOr<std::vector<RuleGroup>> ParseRuleFile(std::string_view file_name,
                                                     std::string_view yaml);

// The groups of all files that match the patterns; a pattern without wildcards must match.
absl::StatusOr<std::vector<RuleGroup>> LoadRuleFiles(const std::vector<std::string>& patterns);

}  // namespace vigil::alerting
