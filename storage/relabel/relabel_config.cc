// SPDX-License-Identifier: Apache-2.0
#include "storage/relabel/relabel_config.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/strings.h"

namespace vigil::storage {
namespace {

void ReadSourceLabels(const YAML::Node& list, std::vector<std::string>* names, YamlErrors* errors) {
  if (list.IsNull()) return;
  if (!list.IsSequence()) return errors->Add(list, "source_labels must be a list of label names");
  for (const YAML::Node& name : list) {
    if (!name.IsScalar() || name.Scalar().empty() || !IsValidUtf8(name.Scalar())) {
      errors->Add(name, "source_labels has something that is not a label name");
    } else {
      names->push_back(name.Scalar());
    }
  }
}

void ReadRule(const YAML::Node& node, std::vector<RelabelRule>* rules, YamlErrors* errors) {
  if (node.IsNull()) return errors->Add(node, "a relabelling rule is empty");
  YamlMap map(node, "relabelling rule", errors);
  RelabelOptions options;
  std::string action;
  bool fine = node.IsMap();
  if (map.TakeString("action", &action)) {
    if (const auto known = ParseRelabelAction(action); known.has_value()) {
      options.action = *known;
    } else {
      errors->Add(map.MarkOf("action"),
                  fmt::format("\"{}\" is not a relabelling action: there are replace, keep, drop, "
                              "keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, "
                              "lowercase and uppercase",
                              action));
      fine = false;
    }
  }
  ReadSourceLabels(map.Take("source_labels"), &options.source_labels, errors);
  map.TakeString("separator", &options.separator);
  map.TakeString("regex", &options.regex);
  int64_t modulus = 0;
  if (map.TakeInt("modulus", &modulus)) {
    options.modulus = static_cast<uint64_t>(modulus);
  } else if (map.Has("modulus")) {
    fine = false;
  }
  map.TakeString("target_label", &options.target_label);
  map.TakeString("replacement", &options.replacement);
  map.Finish();
  if (!fine) return;
  if (const auto fault = RelabelRule::FaultOf(options); fault.has_value()) {
    return errors->Add(map.MarkOf(fault->field), fault->message);
  }
  if (absl::StatusOr<RelabelRule> rule = RelabelRule::Create(std::move(options)); rule.ok()) {
    rules->push_back(*std::move(rule));
  }
}

}  // namespace

std::vector<RelabelRule> ReadRelabelConfigs(const YAML::Node& node, std::string_view what,
                                            YamlErrors* errors) {
  std::vector<RelabelRule> rules;
  if (node.IsNull()) return rules;
  if (!node.IsSequence()) {
    errors->Add(node, fmt::format("{} must be a list of rules", what));
    return rules;
  }
  for (const YAML::Node& rule : node) ReadRule(rule, &rules, errors);
  return rules;
}

}  // namespace vigil::storage
