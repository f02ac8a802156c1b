// SPDX-License-Identifier: Apache-2.0
#include "query/promql/selectors.h"

namespace vigil::promql {
namespace {

// Recursion is bounded by kMaxNesting, as the parser makes no higher trees.
void Collect(const Expr& expr, std::vector<const VectorSelector*>* selectors) {
  switch (expr.kind) {
    case ExprKind::kNumber:
    case ExprKind::kString:
    case ExprKind::kDuration:
      return;
    case ExprKind::kVectorSelector:
      selectors->push_back(&As<VectorSelector>(expr));
      return;
    case ExprKind::kMatrixSelector:
      selectors->push_back(As<MatrixSelector>(expr).selector.get());
      return;
    case ExprKind::kSubquery:
      return Collect(*As<Subquery>(expr).expr, selectors);
    case ExprKind::kCall:
      for (const ExprPtr& argument : As<Call>(expr).args) Collect(*argument, selectors);
      return;
    case ExprKind::kAggregate:
      if (As<Aggregate>(expr).param != nullptr) Collect(*As<Aggregate>(expr).param, selectors);
      return Collect(*As<Aggregate>(expr).expr, selectors);
    case ExprKind::kBinary:
      Collect(*As<Binary>(expr).lhs, selectors);
      return Collect(*As<Binary>(expr).rhs, selectors);
    case ExprKind::kUnary:
      return Collect(*As<Unary>(expr).expr, selectors);
    case ExprKind::kParen:
      return Collect(*As<Paren>(expr).expr, selectors);
  }
}

}  // namespace

std::vector<const VectorSelector*> SelectorsOf(const Expr& expr) {
  std::vector<const VectorSelector*> selectors;
  Collect(expr, &selectors);
  return selectors;
}

}  // namespace vigil::promql
