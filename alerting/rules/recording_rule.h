// SPDX-License-Identifier: Apache-2.0
//
// A recording rule: the result of its expression under a new name.
#pragma once

#include <vector>

#include "alerting/rules/rule_evaluator.h"

namespace vigil::alerting {

class RecordingRule final : public RuleEvaluator {
 public:
  RecordingRule(const Rule& rule, promql::ExprPtr expr) : RuleEvaluator(rule, std::move(expr)) {}

  absl::StatusOr<std::vector<storage::LabeledSample>> Evaluate(
      const RuleEvaluation& evaluation) override;

 private:
  storage::Labels ResultLabels(const storage::Labels& element) const;
};

}  // namespace vigil::alerting
