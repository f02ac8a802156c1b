// SPDX-License-Identifier: Apache-2.0
#include "query/cache/step_local.h"

#include <algorithm>

#include "query/promql/functions.h"

namespace vigil::cache {
namespace {

using promql::As;
using promql::Expr;
using promql::ExprKind;
using promql::FunctionId;

// A duration that is computed may be of any sign.
bool LooksBack(const promql::TimeShift& shift) {
  return shift.at == promql::TimeShift::At::kNone && shift.offset_ms >= 0 &&
         shift.offset_expr == nullptr;
}

bool IsLocalSelector(const promql::VectorSelector& selector) {
  return LooksBack(selector.shift) && !selector.smoothed;
}

bool IsLocalCall(const promql::Call& call) {
  switch (call.function->id) {
    case FunctionId::kStart:
    case FunctionId::kEnd:
    case FunctionId::kRange:
    case FunctionId::kInfo:  // Looks for other series over the whole range.
      return false;
    default:
      break;
  }
  return std::all_of(call.args.begin(), call.args.end(),
                     [](const promql::ExprPtr& arg) { return IsStepLocal(*arg); });
}

bool IsLocalAggregate(const promql::Aggregate& aggregate) {
  return IsStepLocal(*aggregate.expr) &&
         (aggregate.param == nullptr || IsStepLocal(*aggregate.param));
}

}  // namespace

bool IsStepLocal(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber:
    case ExprKind::kString:
      return true;
    case ExprKind::kDuration:
      return false;
    case ExprKind::kVectorSelector:
      return IsLocalSelector(As<promql::VectorSelector>(expr));
    case ExprKind::kMatrixSelector: {
      const auto& matrix = As<promql::MatrixSelector>(expr);
      return IsLocalSelector(*matrix.selector) && matrix.range_expr == nullptr;
    }
    case ExprKind::kSubquery: {
      const auto& subquery = As<promql::Subquery>(expr);
      return LooksBack(subquery.shift) && subquery.range_expr == nullptr &&
             subquery.step_expr == nullptr && IsStepLocal(*subquery.expr);
    }
    case ExprKind::kUnary:
      return IsStepLocal(*As<promql::Unary>(expr).expr);
    case ExprKind::kParen:
      return IsStepLocal(*As<promql::Paren>(expr).expr);
    case ExprKind::kBinary: {
      const auto& binary = As<promql::Binary>(expr);
      return IsStepLocal(*binary.lhs) && IsStepLocal(*binary.rhs);
    }
    case ExprKind::kAggregate:
      return IsLocalAggregate(As<promql::Aggregate>(expr));
    case ExprKind::kCall:
      return IsLocalCall(As<promql::Call>(expr));
  }
  return false;
}

}  // namespace vigil::cache
