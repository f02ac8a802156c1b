// SPDX-License-Identifier: Apache-2.0
//
// The evaluator's lower half: pipelines, function calls, fields, variables, and the budget of a
// run.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "alerting/template/ast.h"
#include "alerting/template/evaluator.h"

namespace vigil::text_template {

class ExpressionEvaluator {
 public:
  explicit ExpressionEvaluator(const Run& run) : run_(run) {}

  // Whose text spans refer to from now on; gives the one before.
  const ParsedTemplate* SetTemplate(const ParsedTemplate* current);

  // The innermost scope is at the end; "" is the root.
  Variables& variables() { return variables_; }

  // The value of a pipeline, with and without setting its variables.
  absl::StatusOr<Value> Eval(const Pipeline& pipeline, const Value& dot);
  absl::StatusOr<Value> EvalValue(const Pipeline& pipeline, const Value& dot);
  absl::Status SetVariables(const Pipeline& pipeline, const Value& value);
  // Sets what `range` declares for a round.
  absl::Status SetRangeVariables(const Pipeline& pipeline, const Value& key, const Value& element);

  // Counts a step. ResourceExhausted when there were too many or the evaluator is too deep.
  absl::Status Step(Span span);

  // `status` with the place of `span` before its message.
  absl::Status ErrorAt(Span span, const absl::Status& status) const;

 private:
  friend class DepthGuard;

  absl::Status Mistake(Span span, std::string_view message) const;
  absl::StatusOr<Value> EvalCommand(const Command& command, const Value& dot, const Value* piped);
  // An operand that stands alone: no arguments.
  absl::StatusOr<Value> EvalOperand(const Operand& operand, const Value& dot);
  // The operand without the fields behind it.
  absl::StatusOr<Value> EvalTerm(const Operand& operand, const Value& dot);
  absl::StatusOr<std::vector<Value>> EvalArguments(const Command& command, const Value& dot,
                                                   const Value* piped);
  absl::StatusOr<Value> EvalAndOr(const Command& command, const Value& dot, const Value* piped);
  absl::StatusOr<Value> EvalCall(std::string_view name, Args args, Span span);
  absl::StatusOr<Value> Invoke(std::string_view name, const Function& function, Args args,
                               Span span);
  // The last of the operand's fields takes the arguments.
  absl::StatusOr<Value> EvalFields(const Operand& operand, Value value, Args args);
  absl::StatusOr<Value> EvalField(Span span, const Value& value, std::string_view name, Args args);
  absl::Status Assign(Span span, std::string_view name, const Value& value);
  absl::StatusOr<Value> Charge(Span span, Value value);

  const Run& run_;
  const ParsedTemplate* current_ = nullptr;
  Variables variables_;
  int64_t steps_ = 0;
  size_t work_bytes_ = 0;
  int depth_ = 0;
};

// Counts as a level of depth for as long as it lives.
class DepthGuard {
 public:
  explicit DepthGuard(ExpressionEvaluator* evaluator) : evaluator_(evaluator) {
    ++evaluator->depth_;
  }
  ~DepthGuard() { --evaluator_->depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;

 private:
  ExpressionEvaluator* const evaluator_;
};

}  // namespace vigil::text_template
