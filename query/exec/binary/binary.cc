// SPDX-License-Identifier: Apache-2.0
#include "query/exec/binary/binary.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/status.h"
#include "query/exec/binary/binary_point.h"
#include "query/exec/series_source.h"
#include "query/exec/shared_values.h"
#include "query/promql/operation.h"

namespace vigil::exec {
namespace {

using promql::Binary;
using promql::ValueType;

absl::StatusOr<ScalarValue> CombineScalars(const Binary& binary, ScalarValue left,
                                           const ScalarValue& right) {
  const bool comparison = promql::IsComparison(binary.op);
  for (size_t step = 0; step < left.values.size(); ++step) {
    double result = 0;
    const bool holds = FloatOperation(binary.op, left.values[step], right.values[step], &result);
    left.values[step] = comparison ? (holds ? 1 : 0) : result;
  }
  return left;
}

// `scalar_left`: the scalar stands on the left. A comparison that filters keeps the element of the
// vector, whichever side it is on.
absl::StatusOr<VectorValue> CombineWithScalar(Evaluator& evaluator, const Binary& binary,
                                              VectorValue vector, const ScalarValue& scalar,
                                              bool scalar_left) {
  PointOperator apply(evaluator.annotations(), binary);
  const bool filters = promql::IsComparison(binary.op) && !binary.return_bool;
  VectorValue result = evaluator.NewVector();
  for (Series& series : vector.series) {
    VIGIL_RETURN_IF_ERROR(evaluator.context().limits.Check());
    Column& column = series.column;
    for (size_t step = 0; step < column.size(); ++step) {
      if (!column.Has(step)) continue;
      const Point element = column.At(step);
      const Point number = Point::Float(scalar.values[step]);
      const Point point = scalar_left ? apply(number, element) : apply(element, number);
      if (filters && point.kind != PointKind::kNone) continue;
      column.Set(step, point);
    }
    VIGIL_RETURN_IF_ERROR(
        result.Add(std::move(series.labels), std::move(column), series.drops_name));
  }
  if (DropsName(binary)) VIGIL_RETURN_IF_ERROR(evaluator.DropNames(&result));
  return result;
}

// What of a vector that other expressions have, too, a comparison with a scalar lets through. Only
// that is copied. Nothing where it must be made in the common way.
absl::StatusOr<std::optional<VectorValue>> FilterShared(Evaluator& evaluator,
                                                        const Binary& binary) {
  if (!promql::IsComparison(binary.op) || binary.return_bool) return std::nullopt;
  const bool scalar_left = binary.lhs->type == ValueType::kScalar;
  const promql::Expr& scalar = scalar_left ? *binary.lhs : *binary.rhs;
  const promql::Expr& vector = Unwrap(scalar_left ? *binary.rhs : *binary.lhs);
  if (scalar.type != ValueType::kScalar || vector.type != ValueType::kVector) return std::nullopt;
  VIGIL_ASSIGN_OR_RETURN(SharedVector* const shared, evaluator.Shared(vector));
  if (shared == nullptr) return std::nullopt;
  VIGIL_ASSIGN_OR_RETURN(const ScalarValue threshold, evaluator.Scalar(scalar));
  const std::optional<std::vector<uint32_t>> found =
      shared->Beyond(scalar_left ? promql::Mirrored(binary.op) : binary.op, threshold.values[0]);
  if (!found.has_value()) return std::nullopt;
  VectorValue result = evaluator.NewVector();
  for (const uint32_t i : *found) {
    const Series& series = shared->series()[i];
    VIGIL_RETURN_IF_ERROR(result.Add(series.labels, series.column));
  }
  return result;
}

// Whether it is made of numbers alone.
bool IsNumber(const promql::Expr& expr) {
  return expr.type == ValueType::kScalar && promql::ConstantOf(expr).has_value();
}

// The comparison of a rule's selector with a number lets little through, as a rule. What it cannot
// let through goes before its labels are copied. Nothing where it must be made in the common way.
absl::StatusOr<std::optional<VectorValue>> FilterStreamed(Evaluator& evaluator,
                                                          const Binary& binary) {
  if (evaluator.context().kept == nullptr) return std::nullopt;
  if (!promql::IsComparison(binary.op) || binary.return_bool) return std::nullopt;
  const bool scalar_left = IsNumber(*binary.lhs);
  const promql::Expr& vector = scalar_left ? *binary.rhs : *binary.lhs;
  const promql::Expr& scalar = scalar_left ? *binary.lhs : *binary.rhs;
  if (!IsNumber(scalar) || vector.type != ValueType::kVector) return std::nullopt;
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<SeriesSource> source, evaluator.Source(vector));
  if (source == nullptr) return std::nullopt;
  VIGIL_ASSIGN_OR_RETURN(const ScalarValue number, evaluator.Scalar(scalar));
  // That two series come to have the same labels is an error, whatever their values are.
  const bool all = source->DropsName() && source->SeveralNames();
  const auto may_pass = [&](const Column& column) {
    for (size_t step = 0; step < column.size(); ++step) {
      if (all || column.HasHistogram(step)) return true;
      if (!column.HasFloat(step)) continue;
      const double left = scalar_left ? number.values[step] : column.value(step);
      const double right = scalar_left ? column.value(step) : number.values[step];
      double ignored = 0;
      if (FloatOperation(binary.op, left, right, &ignored)) return true;
    }
    return false;
  };
  VIGIL_ASSIGN_OR_RETURN(VectorValue rest, CollectSeries(evaluator, *source, may_pass));
  return CombineWithScalar(evaluator, binary, std::move(rest), number, scalar_left);
}

}  // namespace

absl::StatusOr<Value> EvaluateBinary(Evaluator& evaluator, const Binary& binary) {
  for (const auto filter : {FilterShared, FilterStreamed}) {
    VIGIL_ASSIGN_OR_RETURN(std::optional<VectorValue> filtered, filter(evaluator, binary));
    if (filtered.has_value()) return *std::move(filtered);
  }
  VIGIL_ASSIGN_OR_RETURN(Value left, evaluator.Evaluate(*binary.lhs));
  VIGIL_ASSIGN_OR_RETURN(Value right, evaluator.Evaluate(*binary.rhs));
  auto* const left_vector = std::get_if<VectorValue>(&left);
  auto* const right_vector = std::get_if<VectorValue>(&right);
  if (left_vector != nullptr && right_vector != nullptr) {
    if (promql::IsSetOperator(binary.op)) {
      return CombineSets(binary, std::move(*left_vector), std::move(*right_vector));
    }
    return MatchVectors(evaluator, binary, std::move(*left_vector), std::move(*right_vector));
  }
  if (left_vector != nullptr) {
    return CombineWithScalar(evaluator, binary, std::move(*left_vector),
                             std::get<ScalarValue>(right), false);
  }
  if (right_vector != nullptr) {
    return CombineWithScalar(evaluator, binary, std::move(*right_vector),
                             std::get<ScalarValue>(left), true);
  }
  return CombineScalars(binary, std::get<ScalarValue>(std::move(left)),
                        std::get<ScalarValue>(right));
}

}  // namespace vigil::exec
