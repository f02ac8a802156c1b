// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_evaluator.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "alerting/rules/alerting_rule.h"
#include "alerting/rules/recording_rule.h"
#include "base/status.h"
#include "query/promql/parser.h"

namespace vigil::alerting {

absl::StatusOr<std::unique_ptr<RuleEvaluator>> RuleEvaluator::Create(const Rule& rule) {
  VIGIL_ASSIGN_OR_RETURN_WITH(promql::ExprPtr expr, promql::ParseExpr(rule.expr),
                              fmt::format("rule \"{}\": could not parse expression", rule.name()));
  if (rule.IsAlert()) return AlertingRule::Create(rule, std::move(expr));
  return std::make_unique<RecordingRule>(rule, std::move(expr));
}

RuleEvaluator::RuleEvaluator(const Rule& rule, promql::ExprPtr expr)
    : rule_(rule), expr_(std::move(expr)), printed_expr_(promql::Print(*expr_)) {}

absl::StatusOr<exec::VectorResult> RuleEvaluator::RunExpr(const RuleEvaluation& evaluation) const {
  VIGIL_ASSIGN_OR_RETURN(exec::QueryResult result,
                         evaluation.runner.Run(*expr_, rule_.expr, evaluation.data_time_ms()));
  return ToVector(std::move(result));
}

absl::StatusOr<exec::VectorResult> ToVector(exec::QueryResult result) {
  if (auto* const vector = std::get_if<exec::VectorResult>(&result.value)) {
    return std::move(*vector);
  }
  if (const auto* const scalar = std::get_if<exec::ScalarResult>(&result.value)) {
    exec::VectorElement element;
    element.time_ms = scalar->time_ms;
    element.value = scalar->value;
    return exec::VectorResult{std::move(element)};
  }
  return absl::FailedPreconditionError("rule result is not a vector or scalar");
}

Rule MergeGroupLabels(Rule rule, const RuleGroup& group) {
  std::vector<std::pair<std::string, std::string>> merged;
  for (const auto& label : group.labels) {
    const bool overridden =
        std::any_of(rule.labels.begin(), rule.labels.end(),
                    [&label](const auto& own) { return own.first == label.first; });
    if (!overridden) merged.push_back(label);
  }
  merged.insert(merged.end(), rule.labels.begin(), rule.labels.end());
  rule.labels = std::move(merged);
  return rule;
}

}  // namespace vigil::alerting
