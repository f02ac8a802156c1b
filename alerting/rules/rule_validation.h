// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a rule, beyond its YAML.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alerting/rules/rule_file.h"

namespace vigil::alerting {

// The name under which a rule's templates report errors.
std::string TemplateName(const Rule& rule);

// The part of a rule that a mistake is about, so that it can be looked up in the file.
struct RuleMistake {
  std::string field;  // "expr", "labels" and so on; "" for the rule as a whole.
  std::string entry;  // The label or annotation, if it is about one.
  std::string message;
};

std::vector<RuleMistake> ValidateRule(const Rule& rule);

// What is wrong with a label of a rule or group; "" if nothing.
std::string ValidateLabel(std::string_view name, std::string_view value);

}  // namespace vigil::alerting
