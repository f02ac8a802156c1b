// SPDX-License-Identifier: Apache-2.0
//
// One rule, ready to be evaluated: its expression is parsed, its templates are, too. Recording and
// alerting rules differ in what they make of the expression's result.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/rules/alert_tracker.h"
#include "alerting/rules/expr_runner.h"
#include "alerting/rules/rule_engine.h"
#include "query/exec/engine.h"
#include "query/promql/ast.h"
#include "storage/storage.h"

namespace vigil::alerting {

// What a group gives its rules for one evaluation.
struct RuleEvaluation {
  ExprRunner& runner;
  const RuleEngineOptions& options;
  int64_t time_ms = 0;    // The slot.
  int64_t offset_ms = 0;  // Data are looked at, and samples written, so much before it.
  int64_t limit = 0;      // 0: none.

  int64_t data_time_ms() const { return time_ms - offset_ms; }
};

// Not thread-safe.
class RuleEvaluator {
 public:
  // `rule` has its group's labels merged in. InvalidArgument when expression or templates do not
  // parse.
  static absl::StatusOr<std::unique_ptr<RuleEvaluator>> Create(const Rule& rule);
  virtual ~RuleEvaluator() = default;
  RuleEvaluator(const RuleEvaluator&) = delete;
  RuleEvaluator& operator=(const RuleEvaluator&) = delete;

  // The samples to write. A failure says what the user is to see as the rule's last error.
  virtual absl::StatusOr<std::vector<storage::LabeledSample>> Evaluate(
      const RuleEvaluation& evaluation) = 0;

  // The alerts of an alerting rule, null for recording rules.
  virtual AlertTracker* tracker() { return nullptr; }
  // The samples of an alert as the rule writes them; none for recording rules.
  virtual std::vector<storage::LabeledSample> AlertSamples(const ActiveAlert& alert,
                                                           int64_t time_ms) const {
    return {};
  }

  // What a restart must not undo beyond the alerts, as JSON; "" if there is nothing of the kind.
  virtual std::string DataState() const { return ""; }
  // Whether it changed since it was saved last.
  virtual bool DataStateChanged() const { return false; }
  virtual void DataStateSaved() {}
  // DataLoss when `state` is not what DataState gave.
  virtual absl::Status RestoreDataState(std::string_view /*state*/) { return absl::OkStatus(); }
  // Takes over alerts and data state of `old`, a rule of the same kind, name and labels.
  virtual void Adopt(const RuleEvaluator& /*old*/) {}

  // The expressions that each evaluation runs.
  virtual std::vector<const promql::Expr*> exprs() const { return {expr_.get()}; }

  const Rule& rule() const { return rule_; }
  const promql::Expr& expr() const { return *expr_; }
  // The expression as Prometheus prints it.
  const std::string& printed_expr() const { return printed_expr_; }

 protected:
  RuleEvaluator(const Rule& rule, promql::ExprPtr expr);

  // The result of the expression as a vector.
  absl::StatusOr<exec::VectorResult> RunExpr(const RuleEvaluation& evaluation) const;

 private:
  const Rule rule_;
  const promql::ExprPtr expr_;
  const std::string printed_expr_;
};

// A scalar or vector as a vector; FailedPrecondition for anything else.
absl::StatusOr<exec::VectorResult> ToVector(exec::QueryResult result);

// `rule` with the labels of its group, which its own override.
Rule MergeGroupLabels(Rule rule, const RuleGroup& group);

}  // namespace vigil::alerting
