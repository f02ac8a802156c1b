// SPDX-License-Identifier: Apache-2.0
#include "query/promql/walk.h"

namespace vigil::promql {
void ForEachChild(const Expr& expr, absl::FunctionRef<void(const Expr& child)> visit) {
  switch (expr.kind) {
    case ExprKind::kNumber:
    case ExprKind::kString:
    case ExprKind::kDuration:
    case ExprKind::kVectorSelector:
      return;
    case ExprKind::kMatrixSelector:
      return visit(*As<MatrixSelector>(expr).selector);
    case ExprKind::kSubquery:
      return visit(*As<Subquery>(expr).expr);
    case ExprKind::kCall:
      for (const ExprPtr& argument : As<Call>(expr).args) visit(*argument);
      return;
    case ExprKind::kAggregate: {
      const auto& aggregate = As<Aggregate>(expr);
      if (aggregate.param != nullptr) visit(*aggregate.param);
      return visit(*aggregate.expr);
    }
    case ExprKind::kBinary:
      visit(*As<Binary>(expr).lhs);
      return visit(*As<Binary>(expr).rhs);
    case ExprKind::kUnary:
      return visit(*As<Unary>(expr).expr);
    case ExprKind::kParen:
      return visit(*As<Paren>(expr).expr);
  }
}

}  // namespace vigil::promql
