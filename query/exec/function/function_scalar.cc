// SPDX-License-Identifier: Apache-2.0
//
// Functions from and to scalars, and those that tell the query's window.
#include <limits>
#include <numbers>
#include <utility>

#include "base/clock.h"
#include "base/status.h"
#include "query/exec/function/function.h"
#include "query/promql/functions.h"

namespace vigil::exec {
namespace {

using promql::FunctionId;

double Seconds(int64_t ms) { return static_cast<double>(ms) / kMillisPerSecond; }

absl::StatusOr<Value> Time(Evaluator& evaluator) {
  VIGIL_ASSIGN_OR_RETURN(ScalarValue time, evaluator.NewScalar());
  for (size_t step = 0; step < time.values.size(); ++step) {
    time.values[step] = Seconds(evaluator.grid().At(step));
  }
  return time;
}

// The only float, where there is exactly one.
absl::StatusOr<Value> OnlyFloat(Evaluator& evaluator, const promql::Expr& expr) {
  VIGIL_ASSIGN_OR_RETURN(const VectorValue vector, evaluator.Vector(expr));
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  VIGIL_ASSIGN_OR_RETURN(ScalarValue scalar, evaluator.NewScalar(kNan));
  std::vector<bool> seen(scalar.values.size(), false);
  for (const Series& series : vector.series) {
    for (size_t step = 0; step < seen.size(); ++step) {
      if (!series.column.HasFloat(step)) continue;
      scalar.values[step] = seen[step] ? kNan : series.column.value(step);
      seen[step] = true;
    }
  }
  return scalar;
}

absl::StatusOr<Value> AsVector(Evaluator& evaluator, const promql::Expr& expr) {
  VIGIL_ASSIGN_OR_RETURN(const ScalarValue scalar, evaluator.Scalar(expr));
  Column column = evaluator.NewColumn();
  for (size_t step = 0; step < column.size(); ++step) column.SetFloat(step, scalar.values[step]);
  VectorValue vector = evaluator.NewVector();
  VIGIL_RETURN_IF_ERROR(vector.Add({}, std::move(column)));
  return vector;
}

absl::StatusOr<Value> ExtremeOfTwo(Evaluator& evaluator, const promql::Call& call) {
  VIGIL_ASSIGN_OR_RETURN(ScalarValue left, evaluator.Scalar(*call.args[0]));
  VIGIL_ASSIGN_OR_RETURN(const ScalarValue right, evaluator.Scalar(*call.args[1]));
  const auto choose = call.function->id == FunctionId::kMinOf ? MinOf : MaxOf;
  for (size_t step = 0; step < left.values.size(); ++step) {
    left.values[step] = choose(left.values[step], right.values[step]);
  }
  return left;
}

}  // namespace

absl::StatusOr<Value> CallScalar(Evaluator& evaluator, const promql::Call& call) {
  const QueryWindow& window = evaluator.context().window;
  switch (call.function->id) {
    case FunctionId::kTime:
      return Time(evaluator);
    case FunctionId::kScalar:
      return OnlyFloat(evaluator, *call.args[0]);
    case FunctionId::kVector:
      return AsVector(evaluator, *call.args[0]);
    case FunctionId::kStart:
      return evaluator.NewScalar(Seconds(window.start_ms));
    case FunctionId::kEnd:
      return evaluator.NewScalar(Seconds(window.end_ms));
    case FunctionId::kStep:
      return evaluator.NewScalar(Seconds(window.step_ms));
    case FunctionId::kRange:
      return evaluator.NewScalar(Seconds(window.RangeMs()));
    case FunctionId::kPi:
      return evaluator.NewScalar(std::numbers::pi);
    default:
      return ExtremeOfTwo(evaluator, call);
  }
}

}  // namespace vigil::exec
