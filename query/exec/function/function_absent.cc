// SPDX-License-Identifier: Apache-2.0
//
// absent and absent_over_time: 1 where there is nothing.
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "query/exec/function/function.h"
#include "query/promql/functions.h"

namespace vigil::exec {
namespace {

using promql::As;
using promql::ExprKind;

// The labels that the missing series would have, as far as the selector says: those that one
// equality matcher names and nothing else does.
storage::Labels LabelsOfSelector(const std::vector<storage::Matcher>& matchers) {
  storage::LabelsBuilder builder;
  StringSet seen;
  for (const storage::Matcher& matcher : matchers) {
    if (matcher.name() == storage::kMetricName) continue;
    const bool alone = seen.insert(matcher.name()).second;
    if (alone && matcher.type() == storage::MatchType::kEqual) {
      builder.Set(matcher.name(), matcher.value());
    } else {
      builder.Remove(matcher.name());
    }
  }
  return builder.Build();
}

storage::Labels AbsentLabels(const promql::Expr& argument) {
  const promql::Expr& inner = Unwrap(argument);
  if (inner.kind == ExprKind::kVectorSelector) {
    return LabelsOfSelector(As<promql::VectorSelector>(inner).matchers);
  }
  if (inner.kind == ExprKind::kMatrixSelector) {
    return LabelsOfSelector(As<promql::MatrixSelector>(inner).selector->matchers);
  }
  return {};
}

absl::StatusOr<std::vector<bool>> PresentInRange(Evaluator& evaluator, const promql::Expr& arg) {
  std::vector<bool> present(evaluator.steps(), false);
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<RangeVector> range, evaluator.Range(arg));
  RangeBuffer buffer;
  for (size_t series = 0; series < range->size(); ++series) {
    VIGIL_RETURN_IF_ERROR(range->Read(series, &buffer));
    if (evaluator.counts() != nullptr) evaluator.counts()->AddWindows(*range, buffer.samples);
    WindowCursor cursor(*range, buffer.samples);
    for (size_t step = 0; step < present.size(); ++step) {
      if (cursor.MoveTo(step).Count() > 0) present[step] = true;
    }
  }
  return present;
}

absl::StatusOr<std::vector<bool>> PresentInVector(Evaluator& evaluator, const promql::Expr& arg) {
  std::vector<bool> present(evaluator.steps(), false);
  VIGIL_ASSIGN_OR_RETURN(const VectorValue vector, evaluator.Vector(arg));
  for (const Series& series : vector.series) {
    for (size_t step = 0; step < present.size(); ++step) {
      if (series.column.Has(step)) present[step] = true;
    }
  }
  return present;
}

}  // namespace

absl::StatusOr<Value> CallAbsent(Evaluator& evaluator, const promql::Call& call) {
  const promql::Expr& arg = *call.args[0];
  const bool over_time = call.function->id == promql::FunctionId::kAbsentOverTime;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<bool> present, over_time
                                                              ? PresentInRange(evaluator, arg)
                                                              : PresentInVector(evaluator, arg));
  Column column = evaluator.NewColumn();
  for (size_t step = 0; step < present.size(); ++step) {
    if (!present[step]) column.SetFloat(step, 1);
  }
  VectorValue result = evaluator.NewVector();
  VIGIL_RETURN_IF_ERROR(result.Add(AbsentLabels(arg), std::move(column)));
  return result;
}

}  // namespace vigil::exec
