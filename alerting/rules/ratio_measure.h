// SPDX-License-Identifier: Apache-2.0
//
// Measures a ratio of events: runs both expressions and pairs what they give.
#pragma once

#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/rules/levels.h"
#include "alerting/rules/rule_evaluator.h"
#include "query/promql/ast.h"

namespace vigil::alerting {

// Thread-safe as const.
class RatioMeasure {
 public:
  // InvalidArgument when an expression does not parse.
  static absl::StatusOr<RatioMeasure> Create(const Ratio& ratio, ThresholdOp op);

  // One measurement for each label set that had events; where the errors have no such label set,
  // there were none. FailedPrecondition when two elements of one side differ in their metric name
  // alone.
  absl::StatusOr<std::vector<Measurement>> Run(const RuleEvaluation& evaluation) const;

  std::vector<const promql::Expr*> exprs() const { return {errors_.get(), total_.get()}; }

 private:
  Measurement Measure(const storage::Labels& labels, double errors, double total) const;

  Ratio ratio_;
  ThresholdOp op_ = ThresholdOp::kGreater;
  double z_ = 0;
  promql::ExprPtr errors_;
  promql::ExprPtr total_;
};

}  // namespace vigil::alerting
