// SPDX-License-Identifier: Apache-2.0
#include "tests/query/promql/tree_dump.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/strings.h"
#include "query/promql/functions.h"
#include "storage/series/labels.h"

namespace vigil::promql {
namespace {

std::string DumpDuration(const DurationExpr& expr) {
  constexpr std::array<std::string_view, 12> kOps = {
      "literal", "add", "sub", "mul", "div", "mod", "pow", "neg", "step", "range", "min", "max"};
  std::string dump;
  if (expr.op == DurationExpr::Op::kLiteral) {
    dump = FormatValue(expr.seconds) + (expr.is_duration ? "s" : "");
  } else {
    dump = fmt::format("({}", kOps[static_cast<size_t>(expr.op)]);
    if (expr.lhs != nullptr) dump += " " + DumpDuration(*expr.lhs);
    if (expr.rhs != nullptr) dump += " " + DumpDuration(*expr.rhs);
    dump += ")";
  }
  return expr.wrapped ? fmt::format("(paren {})", dump) : dump;
}

std::string DumpDuration(int64_t ms, const DurationExpr* expr) {
  return expr != nullptr ? DumpDuration(*expr) : fmt::format("{}ms", ms);
}

std::string DumpShift(const TimeShift& shift) {
  std::string dump;
  if (shift.at == TimeShift::At::kTimestamp) dump += fmt::format(" at={}", shift.at_ms);
  if (shift.at == TimeShift::At::kStart) dump += " at=start";
  if (shift.at == TimeShift::At::kEnd) dump += " at=end";
  if (shift.offset_ms != 0 || shift.offset_expr != nullptr) {
    dump += " offset=" + DumpDuration(shift.offset_ms, shift.offset_expr.get());
  }
  return dump;
}

std::string DumpSelector(const VectorSelector& selector) {
  std::string dump = "(select";
  if (!selector.name.empty()) dump += " " + selector.name;
  // In the order in which they are printed.
  std::vector<std::string> matchers;
  for (const storage::Matcher& matcher : selector.matchers) {
    const bool is_name = !selector.name.empty() && &matcher == selector.matchers.data();
    if (!is_name) matchers.push_back(matcher.ToString());
  }
  std::sort(matchers.begin(), matchers.end());
  for (const std::string& matcher : matchers) {
    dump += " " + matcher;
  }
  if (selector.anchored) dump += " anchored";
  if (selector.smoothed) dump += " smoothed";
  return dump + DumpShift(selector.shift) + ")";
}

std::string DumpSubquery(const Subquery& subquery) {
  std::string dump = fmt::format("(subquery {} {}", DumpTree(*subquery.expr),
                                 DumpDuration(subquery.range_ms, subquery.range_expr.get()));
  if (subquery.step_ms != 0 || subquery.step_expr != nullptr) {
    dump += " step=" + DumpDuration(subquery.step_ms, subquery.step_expr.get());
  }
  return dump + DumpShift(subquery.shift) + ")";
}

std::string DumpAggregate(const Aggregate& aggregate) {
  std::string dump = fmt::format("({}", AggregateOpText(aggregate.op));
  if (aggregate.has_grouping) {
    dump += fmt::format(" {}[{}]", aggregate.without ? "without" : "by",
                        fmt::join(aggregate.grouping, ","));
  }
  if (aggregate.param != nullptr) dump += " " + DumpTree(*aggregate.param);
  return dump + " " + DumpTree(*aggregate.expr) + ")";
}

std::string DumpMatching(const VectorMatching& matching) {
  constexpr std::array<std::string_view, 4> kCardinalities = {"", " many-to-one", " one-to-many",
                                                              " many-to-many"};
  std::string dump(kCardinalities[static_cast<size_t>(matching.cardinality)]);
  if (matching.on) {
    dump += fmt::format(" on[{}]", fmt::join(matching.labels, ","));
  } else if (!matching.labels.empty()) {
    dump += fmt::format(" ignoring[{}]", fmt::join(matching.labels, ","));
  }
  if (!matching.include.empty()) {
    dump += fmt::format(" include[{}]", fmt::join(matching.include, ","));
  }
  if (matching.fill_left) dump += " fill_left=" + FormatValue(*matching.fill_left);
  if (matching.fill_right) dump += " fill_right=" + FormatValue(*matching.fill_right);
  return dump;
}

std::string DumpBinary(const Binary& binary) {
  return fmt::format("({}{}{} {} {})", BinaryOpText(binary.op), binary.return_bool ? " bool" : "",
                     binary.matching.has_value() ? DumpMatching(*binary.matching) : "",
                     DumpTree(*binary.lhs), DumpTree(*binary.rhs));
}

std::string DumpCall(const Call& call) {
  std::string dump = fmt::format("({}()", call.function->name);
  for (const ExprPtr& arg : call.args) dump += " " + DumpTree(*arg);
  return dump + ")";
}

}  // namespace

std::string DumpTree(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber:
      return FormatValue(As<NumberLiteral>(expr).value) +
             (As<NumberLiteral>(expr).is_duration ? "s" : "");
    case ExprKind::kString:
      return storage::Quote(As<StringLiteral>(expr).value);
    case ExprKind::kVectorSelector:
      return DumpSelector(As<VectorSelector>(expr));
    case ExprKind::kMatrixSelector: {
      const auto& matrix = As<MatrixSelector>(expr);
      return fmt::format("(range {} {})", DumpSelector(*matrix.selector),
                         DumpDuration(matrix.range_ms, matrix.range_expr.get()));
    }
    case ExprKind::kSubquery:
      return DumpSubquery(As<Subquery>(expr));
    case ExprKind::kCall:
      return DumpCall(As<Call>(expr));
    case ExprKind::kAggregate:
      return DumpAggregate(As<Aggregate>(expr));
    case ExprKind::kBinary:
      return DumpBinary(As<Binary>(expr));
    case ExprKind::kUnary:
      return fmt::format("({} {})", As<Unary>(expr).negate ? "neg" : "pos",
                         DumpTree(*As<Unary>(expr).expr));
    case ExprKind::kParen:
      return fmt::format("(paren {})", DumpTree(*As<Paren>(expr).expr));
    case ExprKind::kDuration:
      return DumpDuration(As<DurationExpr>(expr));
  }
  return "?";
}

}  // namespace vigil::promql
