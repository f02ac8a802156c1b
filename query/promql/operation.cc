// SPDX-License-Identifier: Apache-2.0
#include "query/promql/operation.h"

#include <cmath>

#include "query/promql/functions.h"

namespace vigil::promql {

bool FloatOperation(BinaryOp op, double left, double right, double* result) {
  *result = left;
  switch (op) {
    case BinaryOp::kAdd:
      *result = left + right;
      return true;
    case BinaryOp::kSub:
      *result = left - right;
      return true;
    case BinaryOp::kMul:
      *result = left * right;
      return true;
    case BinaryOp::kDiv:
      *result = left / right;
      return true;
    case BinaryOp::kMod:
      *result = std::fmod(left, right);
      return true;
    case BinaryOp::kPow:
      *result = std::pow(left, right);
      return true;
    case BinaryOp::kAtan2:
      *result = std::atan2(left, right);
      return true;
    case BinaryOp::kEqual:
      return left == right;
    case BinaryOp::kNotEqual:
      return left != right;
    case BinaryOp::kGreater:
      return left > right;
    case BinaryOp::kLess:
      return left < right;
    case BinaryOp::kGreaterOrEqual:
      return left >= right;
    case BinaryOp::kLessOrEqual:
      return left <= right;
    default:
      return false;
  }
}

BinaryOp Mirrored(BinaryOp op) {
  switch (op) {
    case BinaryOp::kGreater:
      return BinaryOp::kLess;
    case BinaryOp::kLess:
      return BinaryOp::kGreater;
    case BinaryOp::kGreaterOrEqual:
      return BinaryOp::kLessOrEqual;
    case BinaryOp::kLessOrEqual:
      return BinaryOp::kGreaterOrEqual;
    default:
      return op;
  }
}

std::optional<double> ConstantOf(const Expr& wrapped) {
  const Expr& expr = Unwrap(wrapped);
  switch (expr.kind) {
    case ExprKind::kNumber:
      return As<NumberLiteral>(expr).value;
    case ExprKind::kUnary: {
      const auto& unary = As<Unary>(expr);
      const std::optional<double> value = ConstantOf(*unary.expr);
      return value.has_value() && unary.negate ? -*value : value;
    }
    case ExprKind::kCall: {
      const auto& call = As<Call>(expr);
      const bool passes = call.function->name == "vector" || call.function->name == "scalar";
      return passes ? ConstantOf(*call.args.front()) : std::nullopt;
    }
    case ExprKind::kBinary: {
      const auto& binary = As<Binary>(expr);
      if (binary.op >= BinaryOp::kAtan2) return std::nullopt;  // Arithmetic comes before it.
      const std::optional<double> a = ConstantOf(*binary.lhs);
      const std::optional<double> b = ConstantOf(*binary.rhs);
      if (!a.has_value() || !b.has_value()) return std::nullopt;
      double result = 0;
      FloatOperation(binary.op, *a, *b, &result);
      return result;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace vigil::promql
