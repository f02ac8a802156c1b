// SPDX-License-Identifier: Apache-2.0
//
// Words what a rule measured as alerts: labels and annotations by the rule's templates.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/rules/alert_tracker.h"
#include "alerting/rules/levels.h"
#include "alerting/rules/rule_evaluator.h"
#include "alerting/template/rule_functions.h"

namespace vigil::alerting {

// The templates of one rule. Thread-safe as const.
class AlertWording {
 public:
  // InvalidArgument when a template does not parse.
  static absl::StatusOr<AlertWording> Create(const Rule& rule);

 private:
  friend class AlertWriter;
  struct NamedTemplate {
    std::string name;
    std::string literal;  // The text if there is nothing to expand in it.
    std::optional<text_template::Template> parsed;
  };
  using NamedTemplates = std::vector<NamedTemplate>;

  static absl::StatusOr<NamedTemplates> Parse(
      const Rule& rule, const std::vector<std::pair<std::string, std::string>>& texts);

  std::string alert_;
  std::string level_label_;  // "" if the rule has no levels with names.
  bool is_ratio_ = false;
  NamedTemplates labels_;
  NamedTemplates annotations_;
};

// Words the alerts of one evaluation. Not thread-safe; both arguments must outlive it.
class AlertWriter {
 public:
  AlertWriter(const AlertWording& wording, const RuleEvaluation& evaluation)
      : wording_(wording), evaluation_(evaluation) {}

  // The labels of the alert; `level` is null if the rule has none. Both are borrowed until the next
  // call.
  storage::Labels Labels(const Measurement& measurement, const Level* level);
  // The annotations of the alert that Labels was asked about last.
  storage::Labels Annotations();

  // The labels that the alerts of all levels of one label set have in common.
  storage::Labels CommonLabels(const storage::Labels& alert_labels) const;

 private:
  void TellExpander();
  void Write(const AlertWording::NamedTemplates& texts, storage::LabelsBuilder* labels);

  const AlertWording& wording_;
  const RuleEvaluation& evaluation_;
  // Takes longer to make than many an evaluation, so it is made for the first text with actions.
  std::optional<text_template::RuleExpander> expander_;
  const Measurement* measurement_ = nullptr;
  const Level* level_ = nullptr;
  bool expander_knows_it_ = false;
};

}  // namespace vigil::alerting
