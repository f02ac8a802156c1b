// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/mute/inhibit_config.h"

#include <string>

#include <fmt/format.h>

#include "alerting/manager/matcher_config.h"

namespace vigil::alerting {
namespace {

InhibitRule ReadRule(const YAML::Node& node, YamlErrors* errors) {
  InhibitRule rule;
  YamlMap map(node, "inhibit rule", errors);
  map.TakeString("name", &rule.name);
  ReadMatcherFields(&map, "source_match", "source_match_re", "source_matchers", &rule.source,
                    errors);
  ReadMatcherFields(&map, "target_match", "target_match_re", "target_matchers", &rule.target,
                    errors);
  const YAML::Node equal = map.Take("equal");
  if (!equal.IsNull() && !equal.IsSequence()) {
    errors->Add(equal, "equal must be a list of label names");
  } else {
    for (const YAML::Node& entry : equal) {
      const std::string name = entry.IsScalar() ? entry.Scalar() : "";
      if (IsLabelName(name)) {
        rule.equal.push_back(name);
      } else {
        errors->Add(entry, fmt::format("invalid label name \"{}\" in equal list", name));
      }
    }
  }
  map.Finish();
  return rule;
}

}  // namespace

std::vector<InhibitRule> ReadInhibitRules(const YAML::Node& node, YamlErrors* errors) {
  std::vector<InhibitRule> rules;
  if (!node.IsNull() && !node.IsSequence()) {
    errors->Add(node, "inhibit_rules must be a list");
    return rules;
  }
  for (const YAML::Node& entry : node) rules.push_back(ReadRule(entry, errors));
  return rules;
}

}  // namespace vigil::alerting
