// SPDX-License-Identifier: Apache-2.0
#include "query/exec/binary/binary.h"

#include <utility>

#include "base/status.h"
#include "query/exec/binary/binary_point.h"

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
    VIGIL_RETURN_IF_ERROR(result.Add(std::move(series.labels), std::move(column)));
  }
  if (DropsName(binary)) VIGIL_RETURN_IF_ERROR(DropNames(&result));
  return result;
}

}  // namespace

absl::StatusOr<Value> EvaluateBinary(Evaluator& evaluator, const Binary& binary) {
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
