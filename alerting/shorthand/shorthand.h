// SPDX-License-Identifier: Apache-2.0
//
// Shorthands: entries of a rule list that stand for several plain rules
// (docs/format/rule_extensions.md). What comes out knows nothing of where it came from: Prometheus
// would do the same with it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "alerting/rules/yaml_fields.h"

namespace vigil::alerting {

// A rule that a shorthand stands for; its expression is known to parse.
struct PlainRule {
  std::string record;  // One of record
  std::string alert;   // and alert is set.
  std::string expr;
  int64_t for_ms = 0;
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<std::pair<std::string, std::string>> annotations;
};

// The name of the shorthand that `node`, an entry of a rule list, is: "slo", "absence", "deviation"
// or "budget". "" if it is none.
std::string ShorthandName(const YAML::Node& node);

// The rules that `node` stands for, in the order in which they must be evaluated; `context` goes
// before messages. Empty when something is wrong. Requires: ShorthandName(node) is not "".
std::vector<PlainRule> ExpandShorthand(const YAML::Node& node, const std::string& context,
                                       MistakeList* mistakes);

}  // namespace vigil::alerting
