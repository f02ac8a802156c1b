// SPDX-License-Identifier: Apache-2.0
//
// An alerting rule: words the elements of its result as alerts, and writes the series ALERTS and
// ALERTS_FOR_STATE about them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "alerting/rules/rule_evaluator.h"
#include "alerting/template/rule_functions.h"

namespace vigil::alerting {

class AlertingRule final : public RuleEvaluator {
 public:
  // InvalidArgument when a template does not parse.
  static absl::StatusOr<std::unique_ptr<RuleEvaluator>> Create(const Rule& rule,
                                                               promql::ExprPtr expr);

  absl::StatusOr<std::vector<storage::LabeledSample>> Evaluate(
      const RuleEvaluation& evaluation) override;
  AlertTracker* tracker() override { return &tracker_; }
  std::vector<storage::LabeledSample> AlertSamples(const ActiveAlert& alert,
                                                   int64_t time_ms) const override;

 private:
  using NamedTemplates = std::vector<std::pair<std::string, text_template::Template>>;

  AlertingRule(const Rule& rule, promql::ExprPtr expr, NamedTemplates labels,
               NamedTemplates annotations)
      : RuleEvaluator(rule, std::move(expr)),
        labels_(std::move(labels)),
        annotations_(std::move(annotations)) {}

  std::vector<AlertCandidate> Word(const RuleEvaluation& evaluation,
                                   const exec::VectorResult& result) const;

  const NamedTemplates labels_;
  const NamedTemplates annotations_;
  AlertTracker tracker_;
};

}  // namespace vigil::alerting
