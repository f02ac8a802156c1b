// SPDX-License-Identifier: Apache-2.0
#include "query/exec/constancy.h"

#include "query/promql/functions.h"

namespace vigil::exec {
namespace {

using promql::As;
using promql::Expr;
using promql::ExprKind;
using promql::FunctionId;

bool IsPinned(const promql::TimeShift& shift) { return shift.at != promql::TimeShift::At::kNone; }

// Whether a call's value depends on the time of evaluation beyond its arguments.
bool AsksForTime(const promql::Call& call) {
  switch (call.function->id) {
    case FunctionId::kTime:
    case FunctionId::kTimestamp:
    case FunctionId::kPredictLinear:
      return true;
    case FunctionId::kMinute:
    case FunctionId::kHour:
    case FunctionId::kDayOfWeek:
    case FunctionId::kDayOfMonth:
    case FunctionId::kDayOfYear:
    case FunctionId::kDaysInMonth:
    case FunctionId::kMonth:
    case FunctionId::kYear:
      return call.args.empty();
    default:
      return false;
  }
}

class Finder {
 public:
  bool Visit(const Expr& expr) {
    const bool constant = IsConstant(expr);
    if (constant) found_.insert(&expr);
    return constant;
  }
  absl::flat_hash_set<const Expr*> Take() { return std::move(found_); }

 private:
  bool IsConstant(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::kNumber:
      case ExprKind::kString:
      case ExprKind::kDuration:
        return true;
      case ExprKind::kVectorSelector:
        return IsPinned(As<promql::VectorSelector>(expr).shift);
      case ExprKind::kMatrixSelector:
        return IsPinned(As<promql::MatrixSelector>(expr).selector->shift);
      case ExprKind::kSubquery:
        Visit(*As<promql::Subquery>(expr).expr);
        return IsPinned(As<promql::Subquery>(expr).shift);
      case ExprKind::kUnary:
        return Visit(*As<promql::Unary>(expr).expr);
      case ExprKind::kParen:
        return Visit(*As<promql::Paren>(expr).expr);
      case ExprKind::kBinary: {
        const auto& binary = As<promql::Binary>(expr);
        const bool left = Visit(*binary.lhs);
        return Visit(*binary.rhs) && left;
      }
      case ExprKind::kAggregate: {
        const auto& aggregate = As<promql::Aggregate>(expr);
        const bool param = aggregate.param == nullptr || Visit(*aggregate.param);
        return Visit(*aggregate.expr) && param;
      }
      case ExprKind::kCall:
        return IsConstantCall(As<promql::Call>(expr));
    }
    return false;
  }

  bool IsConstantCall(const promql::Call& call) {
    bool constant = !AsksForTime(call);
    for (const promql::ExprPtr& arg : call.args) constant &= Visit(*arg);
    return constant;
  }

  absl::flat_hash_set<const Expr*> found_;
};

}  // namespace

absl::flat_hash_set<const Expr*> FindConstantNodes(const Expr& root) {
  Finder finder;
  finder.Visit(root);
  return finder.Take();
}

}  // namespace vigil::exec
