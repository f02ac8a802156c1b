// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/presence.h"

#include <string_view>
#include <utility>

#include "query/promql/functions.h"

namespace vigil::alerting {
namespace {

using promql::ExprKind;
using promql::ExprPtr;
using promql::ValueType;

// Whether the function gives something just when there are no data.
bool GivesAbsence(const promql::Call& call) {
  const std::string_view name = call.function->name;
  return name == "absent" || name == "absent_over_time";
}

// Replaces `*expr` in place. False when there is no telling.
bool Rewrite(ExprPtr* expr);

bool RewriteBinary(ExprPtr* expr) {
  auto& binary = static_cast<promql::Binary&>(**expr);
  // What `unless` takes away is a condition, too.
  if (binary.op == promql::BinaryOp::kUnless) {
    ExprPtr lhs = std::move(binary.lhs);
    *expr = std::move(lhs);
    return Rewrite(expr);
  }
  if (!Rewrite(&binary.lhs) || !Rewrite(&binary.rhs)) return false;
  if (!promql::IsComparison(binary.op) || binary.return_bool) return true;
  if (binary.matching.has_value()) {
    // Both sides must be there, with labels matched alike.
    binary.op = promql::BinaryOp::kAdd;
    return true;
  }
  const bool left_is_vector = binary.lhs->type == ValueType::kVector;
  ExprPtr vector = std::move(left_is_vector ? binary.lhs : binary.rhs);
  *expr = std::move(vector);
  return true;
}

bool Rewrite(ExprPtr* expr) {
  switch ((*expr)->kind) {
    case ExprKind::kBinary:
      return RewriteBinary(expr);
    case ExprKind::kParen:
      return Rewrite(&static_cast<promql::Paren&>(**expr).expr);
    case ExprKind::kUnary:
      return Rewrite(&static_cast<promql::Unary&>(**expr).expr);
    case ExprKind::kAggregate:
      return Rewrite(&static_cast<promql::Aggregate&>(**expr).expr);
    case ExprKind::kCall: {
      auto& call = static_cast<promql::Call&>(**expr);
      if (GivesAbsence(call)) return false;
      for (ExprPtr& arg : call.args) {
        if (!Rewrite(&arg)) return false;
      }
      return true;
    }
    case ExprKind::kSubquery:
      return Rewrite(&static_cast<promql::Subquery&>(**expr).expr);
    default:
      return true;
  }
}

}  // namespace

ExprPtr MakePresenceExpr(ExprPtr expr) {
  // A scalar is always there.
  if (expr->type != ValueType::kVector) return nullptr;
  return Rewrite(&expr) ? std::move(expr) : nullptr;
}

}  // namespace vigil::alerting
