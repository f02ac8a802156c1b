// SPDX-License-Identifier: Apache-2.0
#include "query/exec/function/function_range.h"

#include <utility>

#include "base/status.h"
#include "query/exec/function/function.h"

namespace vigil::exec {
namespace {

using promql::FunctionId;

absl::StatusOr<RangeFunctionPtr> MakeFunction(RangeCall& call) {
  for (const auto make :
       {MakeRate, MakeInstantRate, MakeNeighbourCount, MakeOverTime, MakeTimeOf}) {
    if (RangeFunctionPtr function = make(call); function != nullptr) return function;
  }
  return MakeTrend(call);
}

// A window may hold many samples, so a series may take long; looking at the clock takes time, too.
constexpr size_t kStepsPerCheck = 32;

bool KeepsName(FunctionId id) {
  return id == FunctionId::kLastOverTime || id == FunctionId::kFirstOverTime;
}

absl::StatusOr<Column> ApplyTo(RangeVector& range, size_t series, Evaluator& evaluator,
                               RangeFunction* function) {
  VIGIL_ASSIGN_OR_RETURN(const storage::SampleColumns* const samples, range.Samples(series));
  Column column = evaluator.NewColumn();
  if (samples->Empty()) return column;
  function->StartSeries(range.labels(series), *samples);
  WindowCursor cursor(range, *samples);
  for (size_t step = 0; step < column.size(); ++step) {
    if (step % kStepsPerCheck == 0) VIGIL_RETURN_IF_ERROR(evaluator.context().limits.Check());
    const RangeWindow& window = cursor.MoveTo(step);
    if (window.Count() > 0) column.Set(step, function->Apply(window));
  }
  return column;
}

}  // namespace

absl::StatusOr<Value> CallRange(Evaluator& evaluator, const promql::Call& call) {
  const promql::Expr* matrix = nullptr;
  std::vector<ScalarValue> scalars;
  for (const promql::ExprPtr& arg : call.args) {
    if (arg->type == promql::ValueType::kMatrix) {
      matrix = arg.get();
    } else {
      VIGIL_ASSIGN_OR_RETURN(ScalarValue scalar, evaluator.Scalar(*arg));
      scalars.push_back(std::move(scalar));
    }
  }
  VIGIL_CHECK(matrix != nullptr);
  RangeCall range_call{evaluator, call, *matrix, std::move(scalars)};
  VIGIL_ASSIGN_OR_RETURN(const RangeFunctionPtr function, MakeFunction(range_call));
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<RangeVector> range, evaluator.Range(*matrix));
  VectorValue result = evaluator.NewVector();
  for (size_t series = 0; series < range->size(); ++series) {
    VIGIL_ASSIGN_OR_RETURN(Column column, ApplyTo(*range, series, evaluator, function.get()));
    VIGIL_RETURN_IF_ERROR(result.Add(range->labels(series), std::move(column)));
  }
  if (!KeepsName(call.function->id)) VIGIL_RETURN_IF_ERROR(DropNames(&result));
  return result;
}

}  // namespace vigil::exec
