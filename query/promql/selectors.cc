// SPDX-License-Identifier: Apache-2.0
#include "query/promql/selectors.h"

#include "query/promql/walk.h"

namespace vigil::promql {
namespace {

// Recursion is bounded by kMaxNesting, as the parser makes no higher trees.
void Collect(const Expr& expr, std::vector<const VectorSelector*>* selectors) {
  if (expr.kind == ExprKind::kVectorSelector) selectors->push_back(&As<VectorSelector>(expr));
  ForEachChild(expr, [selectors](const Expr& child) { Collect(child, selectors); });
}

}  // namespace

std::vector<const VectorSelector*> SelectorsOf(const Expr& expr) {
  std::vector<const VectorSelector*> selectors;
  Collect(expr, &selectors);
  return selectors;
}

}  // namespace vigil::promql
