// SPDX-License-Identifier: Apache-2.0
//
// Relabelling: rules that rewrite label sets, or drop what has them, before it is scraped, stored
// or sent. The rules are Prometheus'; how they are written in YAML is relabel_config.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "storage/relabel/group_template.h"
#include "storage/series/labels.h"

namespace vigil::storage {

enum class RelabelAction : uint8_t {
  kReplace,
  kKeep,
  kDrop,
  kKeepEqual,
  kDropEqual,
  kHashMod,
  kLabelMap,
  kLabelDrop,
  kLabelKeep,
  kLowercase,
  kUppercase,
};

// "replace" and so on; nullopt for what is none, in whatever case it is written.
std::optional<RelabelAction> ParseRelabelAction(std::string_view text);
std::string_view RelabelActionName(RelabelAction action);

// A rule as it is written, with the defaults of what is not.
struct RelabelOptions {
  RelabelAction action = RelabelAction::kReplace;
  std::vector<std::string> source_labels;
  std::string separator = ";";
  std::string regex = "(.*)";
  uint64_t modulus = 0;
  std::string target_label;
  std::string replacement = "$1";
};

// What is wrong with a rule.
struct RelabelFault {
  std::string_view field;  // As it is called in YAML.
  std::string message;
};

// A value type; thread-safe as const.
class RelabelRule {
 public:
  // InvalidArgument: see FaultOf.
  static absl::StatusOr<RelabelRule> Create(RelabelOptions options);
  // What makes `options` no rule, nullopt if nothing does.
  static std::optional<RelabelFault> FaultOf(const RelabelOptions& options);

  const RelabelOptions& options() const { return options_; }

  // Changes `*labels`. False if the rule drops what has them.
  bool Apply(LabelsBuilder* labels) const;

 private:
  RelabelRule(RelabelOptions options, std::shared_ptr<const re2::RE2> regex);

  std::string SourceValue(const LabelsBuilder& labels) const;
  bool Matches(std::string_view text) const;
  void Replace(LabelsBuilder* labels) const;
  void MapNames(LabelsBuilder* labels) const;
  void RemoveNames(bool matching, LabelsBuilder* labels) const;

  RelabelOptions options_;
  std::shared_ptr<const re2::RE2> regex_;
  GroupTemplate target_;
  GroupTemplate replacement_;
  bool matches_all_;  // The expression is the default one.
};

// Applies the rules in turn; false, with `*labels` as they were then, if one drops.
bool Relabel(std::span<const RelabelRule> rules, LabelsBuilder* labels);

}  // namespace vigil::storage
