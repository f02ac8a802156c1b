// SPDX-License-Identifier: Apache-2.0
#include "query/exec/function/function.h"

namespace vigil::exec {
namespace {

using promql::FunctionId;
using Handler = absl::StatusOr<Value> (*)(Evaluator&, const promql::Call&);

absl::StatusOr<Value> CallStartTimestamp(Evaluator&, const promql::Call&) {
  return absl::FailedPreconditionError(
      "start_timestamp() has nothing to tell: start timestamps are not stored");
}

Handler FindHandler(const promql::Call& call) {
  switch (call.function->id) {
    case FunctionId::kAbsent:
    case FunctionId::kAbsentOverTime:
      return CallAbsent;
    case FunctionId::kEnd:
    case FunctionId::kMaxOf:
    case FunctionId::kMinOf:
    case FunctionId::kPi:
    case FunctionId::kRange:
    case FunctionId::kScalar:
    case FunctionId::kStart:
    case FunctionId::kStep:
    case FunctionId::kTime:
    case FunctionId::kVector:
      return CallScalar;
    case FunctionId::kTimestamp:
      return CallTimestamp;
    case FunctionId::kDayOfMonth:
    case FunctionId::kDayOfWeek:
    case FunctionId::kDayOfYear:
    case FunctionId::kDaysInMonth:
    case FunctionId::kHour:
    case FunctionId::kMinute:
    case FunctionId::kMonth:
    case FunctionId::kYear:
      return CallDate;
    case FunctionId::kLabelJoin:
    case FunctionId::kLabelReplace:
      return CallLabel;
    case FunctionId::kSort:
    case FunctionId::kSortByLabel:
    case FunctionId::kSortByLabelDesc:
    case FunctionId::kSortDesc:
      return CallSort;
    case FunctionId::kHistogramAvg:
    case FunctionId::kHistogramCount:
    case FunctionId::kHistogramStddev:
    case FunctionId::kHistogramStdvar:
    case FunctionId::kHistogramSum:
      return CallHistogram;
    case FunctionId::kHistogramFraction:
    case FunctionId::kHistogramQuantile:
    case FunctionId::kHistogramQuantiles:
      return CallHistogramQuantile;
    case FunctionId::kInfo:
      return CallInfo;
    case FunctionId::kStartTimestamp:
      return CallStartTimestamp;
    default:
      break;
  }
  for (const promql::ValueType type : call.function->args) {
    if (type == promql::ValueType::kMatrix) return CallRange;
  }
  return CallMath;
}

}  // namespace

bool IsRangeCall(const promql::Call& call) { return FindHandler(call) == CallRange; }

promql::Span ArgumentSpan(Evaluator& evaluator, const promql::Call& call, const promql::Expr& arg) {
  const auto& constant = evaluator.context().constant_nodes;
  const bool lifted = constant.contains(&arg) && !constant.contains(&call);
  return lifted ? arg.span : Unwrap(arg).span;
}

absl::StatusOr<Value> CallFunction(Evaluator& evaluator, const promql::Call& call) {
  return FindHandler(call)(evaluator, call);
}

}  // namespace vigil::exec
