// SPDX-License-Identifier: Apache-2.0
//
// YAML -> RuleExtensions: the keys of a rule that Prometheus does not know.
#pragma once

#include <string>

#include "alerting/rules/rule_file.h"
#include "alerting/rules/yaml_fields.h"

namespace vigil::alerting {

// Reads the keys "levels", "ratio", "no_data", "partial_data" and "late_data" of the mapping that
// `fields` holds into `*rule`, whose other fields are there already. A ratio sets `expr`. False
// when something was wrong.
bool ReadRuleExtensions(const YamlFields& fields, const std::string& context, MistakeList* mistakes,
                        Rule* rule);

}  // namespace vigil::alerting
