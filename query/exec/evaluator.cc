// SPDX-License-Identifier: Apache-2.0
#include "query/exec/evaluator.h"

#include "base/status.h"
#include "query/exec/aggregate/aggregate.h"
#include "query/exec/binary/binary.h"
#include "query/exec/function/function.h"
#include "query/exec/histogram/histogram_math.h"
#include "query/exec/selector.h"
#include "query/exec/series_source.h"
#include "query/exec/shared_source.h"
#include "query/exec/shared_values.h"
#include "query/exec/subquery.h"

namespace vigil::exec {

using promql::As;
using promql::Expr;
using promql::ExprKind;

namespace {

// Selectors tell of themselves; the others are not worth a line.
bool IsPlanned(ExprKind kind) {
  return kind == ExprKind::kUnary || kind == ExprKind::kBinary || kind == ExprKind::kAggregate ||
         kind == ExprKind::kCall;
}

size_t CountSeries(const Value& value) {
  const auto* const vector = std::get_if<VectorValue>(&value);
  return vector != nullptr ? vector->series.size() : 1;
}

}  // namespace

absl::StatusOr<ScalarValue> Evaluator::NewScalar(double fill) {
  ScalarValue scalar{{}, Reservation(context_.limits)};
  VIGIL_RETURN_IF_ERROR(scalar.reservation.Add(static_cast<int64_t>(steps())));
  scalar.values.assign(steps(), fill);
  return scalar;
}

absl::Status Evaluator::DropNames(VectorValue* vector) const {
  if (!DelaysNames()) return exec::DropNames(vector);
  for (Series& series : vector->series) series.drops_name = true;
  return absl::OkStatus();
}

absl::StatusOr<Value> Evaluator::Evaluate(const Expr& expr) {
  VIGIL_RETURN_IF_ERROR(context_.limits.Check());
  VIGIL_ASSIGN_OR_RETURN(const SharedVector* const shared, Shared(expr));
  if (shared != nullptr) return CopyOf(*shared);
  PlanScope scope(IsPlanned(expr.kind) ? context_.plan : nullptr, expr.span);
  const bool once = steps() > 1 && context_.constant_nodes.contains(&expr);
  absl::StatusOr<Value> value = once ? EvaluateOnce(expr) : Dispatch(expr);
  if (value.ok()) scope.SetSeries(CountSeries(*value));
  return value;
}

absl::StatusOr<SharedVector*> Evaluator::Shared(const Expr& expr) {
  SharedValues* const shared = context_.shared;
  if (shared == nullptr || steps() != 1 || !shared->Shares(expr, grid_.start_ms)) return nullptr;
  return shared->Get(expr, [&]() -> absl::StatusOr<VectorValue> {
    VIGIL_ASSIGN_OR_RETURN(Value value, Dispatch(expr));
    return std::get<VectorValue>(std::move(value));
  });
}

absl::StatusOr<Value> Evaluator::CopyOf(const SharedVector& shared) {
  VectorValue copy = NewVector();
  copy.series.reserve(shared.series().size());
  for (const Series& series : shared.series()) {
    VIGIL_RETURN_IF_ERROR(copy.Add(series.labels, series.column));
  }
  return copy;
}

absl::StatusOr<Value> Evaluator::Dispatch(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber:
      return NewScalar(As<promql::NumberLiteral>(expr).value);
    case ExprKind::kString:
      return As<promql::StringLiteral>(expr).value;
    case ExprKind::kParen:
      return Evaluate(*As<promql::Paren>(expr).expr);
    case ExprKind::kVectorSelector:
      return SelectInstant(*this, As<promql::VectorSelector>(expr), SelectWhat::kSamples);
    case ExprKind::kUnary:
      return EvaluateUnary(As<promql::Unary>(expr));
    case ExprKind::kBinary:
      return EvaluateBinary(*this, As<promql::Binary>(expr));
    case ExprKind::kAggregate:
      return EvaluateAggregate(*this, As<promql::Aggregate>(expr));
    case ExprKind::kCall:
      return CallFunction(*this, As<promql::Call>(expr));
    case ExprKind::kMatrixSelector:
    case ExprKind::kSubquery:
    case ExprKind::kDuration:
      break;
  }
  return absl::InternalError("BUG: a range vector or duration was evaluated as a value");
}

absl::StatusOr<Value> Evaluator::EvaluateOnce(const Expr& expr) {
  SampleCounts counts(1);
  Evaluator once(context_, {grid_.start_ms, 1, 1}, counts_ == nullptr ? nullptr : &counts);
  VIGIL_ASSIGN_OR_RETURN(Value single, once.Dispatch(expr));
  // Prometheus counts it as if each step had looked.
  if (counts_ != nullptr) counts_->AddToAll(counts.at(0));
  if (const auto* scalar = std::get_if<ScalarValue>(&single)) return NewScalar(scalar->values[0]);
  if (const auto* vector = std::get_if<VectorValue>(&single)) return Repeat(*vector);
  return single;
}

absl::StatusOr<Value> Evaluator::Repeat(const VectorValue& single) {
  VectorValue repeated = NewVector();
  for (const Series& series : single.series) {
    Column column = NewColumn();
    const Point point = series.column.At(0);
    for (size_t step = 0; step < steps(); ++step) column.Set(step, point);
    VIGIL_RETURN_IF_ERROR(repeated.Add(series.labels, std::move(column), series.drops_name));
  }
  return repeated;
}

absl::StatusOr<Value> Evaluator::EvaluateUnary(const promql::Unary& unary) {
  VIGIL_ASSIGN_OR_RETURN(Value operand, Evaluate(*unary.expr));
  if (!unary.negate) return operand;
  if (auto* scalar = std::get_if<ScalarValue>(&operand)) {
    for (double& value : scalar->values) value = -value;
    return operand;
  }
  auto& vector = std::get<VectorValue>(operand);
  for (Series& series : vector.series) {
    Column& column = series.column;
    for (size_t step = 0; step < column.size(); ++step) {
      if (column.HasFloat(step)) {
        column.SetFloat(step, -column.value(step));
      } else if (column.HasHistogram(step)) {
        column.Set(step, Point::Of(Scale(*column.histogram(step), -1)));
      }
    }
  }
  VIGIL_RETURN_IF_ERROR(DropNames(&vector));
  return operand;
}

absl::StatusOr<VectorValue> Evaluator::Vector(const Expr& expr) {
  VIGIL_ASSIGN_OR_RETURN(Value value, Evaluate(expr));
  VIGIL_CHECK(std::holds_alternative<VectorValue>(value));
  return std::get<VectorValue>(std::move(value));
}

absl::StatusOr<std::unique_ptr<SeriesSource>> Evaluator::Source(const Expr& expr) {
  const Expr& inner = Unwrap(expr);
  VIGIL_ASSIGN_OR_RETURN(const SharedVector* const shared, Shared(inner));
  if (shared != nullptr) return std::make_unique<SharedSource>(*shared);
  // What is the same at every step is made once.
  const bool constant = steps() > 1 && context_.constant_nodes.contains(&inner);
  // Only a vector says which names are dropped later.
  const bool streams = !constant && !DelaysNames();
  if (streams && inner.kind == ExprKind::kVectorSelector) {
    return SelectInstantSource(*this, As<promql::VectorSelector>(inner), SelectWhat::kSamples);
  }
  if (streams && inner.kind == ExprKind::kCall && IsRangeCall(As<promql::Call>(inner))) {
    PlanScope scope(context_.plan, inner.span);
    VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<SeriesSource> source,
                           RangeCallSeries(*this, As<promql::Call>(inner)));
    scope.SetSeries(source->size());
    scope.SetStreamed();
    return source;
  }
  return std::unique_ptr<SeriesSource>();
}

absl::StatusOr<ScalarValue> Evaluator::Scalar(const Expr& expr) {
  VIGIL_ASSIGN_OR_RETURN(Value value, Evaluate(expr));
  VIGIL_CHECK(std::holds_alternative<ScalarValue>(value));
  return std::get<ScalarValue>(std::move(value));
}

absl::StatusOr<std::string> Evaluator::String(const Expr& expr) {
  VIGIL_ASSIGN_OR_RETURN(Value value, Evaluate(expr));
  VIGIL_CHECK(std::holds_alternative<std::string>(value));
  return std::get<std::string>(std::move(value));
}

absl::StatusOr<std::unique_ptr<RangeVector>> Evaluator::Range(const Expr& expr) {
  VIGIL_RETURN_IF_ERROR(context_.limits.Check());
  const Expr& inner = Unwrap(expr);
  if (inner.kind == ExprKind::kMatrixSelector) {
    return SelectRange(*this, As<promql::MatrixSelector>(inner));
  }
  VIGIL_CHECK(inner.kind == ExprKind::kSubquery);
  return EvaluateSubquery(*this, As<promql::Subquery>(inner));
}

}  // namespace vigil::exec
