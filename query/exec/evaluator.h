// SPDX-License-Identifier: Apache-2.0
//
// Evaluates the nodes of an expression over one grid of steps. Operators and functions, each family
// in a file of its own, call back for their operands.
#pragma once

#include <memory>
#include <string>

#include <absl/status/statusor.h>

#include "query/exec/context.h"
#include "query/exec/range_vector.h"
#include "query/exec/statistics.h"
#include "query/exec/steps.h"
#include "query/exec/value.h"
#include "query/promql/ast.h"

namespace vigil::exec {

class SeriesSource;
class SharedVector;

// Borrows the context. A subquery makes another evaluator, with its own grid, on the same context.
class Evaluator {
 public:
  // `counts`, of as many steps, gets the samples that are looked at; may be null.
  Evaluator(QueryContext& context, const StepGrid& grid, SampleCounts* counts = nullptr)
      : context_(context), grid_(grid), counts_(counts) {}

  // Requires: `expr` is no range vector.
  absl::StatusOr<Value> Evaluate(const promql::Expr& expr);
  // Requires (the parser has checked it): `expr` has that type.
  absl::StatusOr<VectorValue> Vector(const promql::Expr& expr);
  absl::StatusOr<ScalarValue> Scalar(const promql::Expr& expr);
  absl::StatusOr<std::string> String(const promql::Expr& expr);
  absl::StatusOr<std::unique_ptr<RangeVector>> Range(const promql::Expr& expr);

  // The series of `expr` to be made one by one, if it is a selector or a function over one; null if
  // it is not. Borrows `expr`.
  absl::StatusOr<std::unique_ptr<SeriesSource>> Source(const promql::Expr& expr);

  // The value of a node that other expressions have, too; null if it is not shared.
  absl::StatusOr<SharedVector*> Shared(const promql::Expr& expr);

  // Empty ones, accounted for.
  absl::StatusOr<ScalarValue> NewScalar(double fill = 0);
  VectorValue NewVector() { return VectorValue(context_.limits); }
  Column NewColumn() const { return Column(grid_.count); }

  // Whether names are dropped at the end of the query.
  bool DelaysNames() const { return context_.options.delayed_name_removal; }
  // Drops the names of all series, now or then.
  absl::Status DropNames(VectorValue* vector) const;

  QueryContext& context() { return context_; }
  Annotations& annotations() { return context_.annotations; }
  const StepGrid& grid() const { return grid_; }
  size_t steps() const { return grid_.count; }
  SampleCounts* counts() { return counts_; }

 private:
  absl::StatusOr<Value> Dispatch(const promql::Expr& expr);
  // Evaluates at one step and repeats what comes out.
  absl::StatusOr<Value> EvaluateOnce(const promql::Expr& expr);
  absl::StatusOr<Value> Repeat(const VectorValue& single);
  absl::StatusOr<Value> CopyOf(const SharedVector& shared);
  absl::StatusOr<Value> EvaluateUnary(const promql::Unary& unary);

  QueryContext& context_;
  const StepGrid grid_;
  SampleCounts* const counts_;
};

}  // namespace vigil::exec
