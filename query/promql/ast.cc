// SPDX-License-Identifier: Apache-2.0
#include "query/promql/ast.h"

#include <array>

namespace vigil::promql {
namespace {

constexpr std::array<std::string_view, 5> kValueTypeNames = {"none", "scalar", "instant vector",
                                                             "range vector", "string"};

// In the order of the enumerations.
constexpr std::array<std::string_view, 18> kBinaryOpTexts = {"+",   "-",     "*",     "/",  "%",
                                                             "^",   "atan2", "==",    "!=", ">",
                                                             "<",   ">=",    "<=",    "</", ">/",
                                                             "and", "or",    "unless"};
constexpr std::array<std::string_view, 14> kAggregateOpTexts = {
    "sum",    "avg",  "count",   "min",          "max",      "group",  "stddev",
    "stdvar", "topk", "bottomk", "count_values", "quantile", "limitk", "limit_ratio"};

}  // namespace

std::string_view ValueTypeName(ValueType type) {
  return kValueTypeNames[static_cast<size_t>(type)];
}

bool IsComparison(BinaryOp op) { return op >= BinaryOp::kEqual && op <= BinaryOp::kLessOrEqual; }

bool IsSetOperator(BinaryOp op) { return op >= BinaryOp::kAnd; }

std::string_view BinaryOpText(BinaryOp op) { return kBinaryOpTexts[static_cast<size_t>(op)]; }

std::string_view AggregateOpText(AggregateOp op) {
  return kAggregateOpTexts[static_cast<size_t>(op)];
}

const Expr& Unwrap(const Expr& expr) {
  const Expr* inner = &expr;
  while (inner->kind == ExprKind::kParen) inner = As<Paren>(*inner).expr.get();
  return *inner;
}

}  // namespace vigil::promql
