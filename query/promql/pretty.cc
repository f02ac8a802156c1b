// SPDX-License-Identifier: Apache-2.0
#include "query/promql/pretty.h"

#include <string_view>

#include <fmt/format.h>

#include "base/strings.h"
#include "query/promql/functions.h"
#include "query/promql/parser.h"

namespace vigil::promql {
namespace {

constexpr size_t kIndent = 2;

std::string Indent(size_t level) { return std::string(level * kIndent, ' '); }

// What the texts of an expression and of its parts have between them is taken from the printer, so
// that both write the same. Recursion is bounded by kMaxNesting.
std::string Pretty(const Expr& expr, size_t level);

std::string PrettyAggregate(const Aggregate& aggregate, std::string_view text, size_t level) {
  // "sum by (job) " stands before "(param, expr)".
  size_t inside = Print(*aggregate.expr).size() + std::string_view("()").size();
  std::string arguments;
  if (aggregate.param != nullptr) {
    inside += Print(*aggregate.param).size() + std::string_view(", ").size();
    arguments = Pretty(*aggregate.param, level + 1) + ",\n";
  }
  arguments += Pretty(*aggregate.expr, level + 1);
  return fmt::format("{}{}(\n{}\n{})", Indent(level), text.substr(0, text.size() - inside),
                     arguments, Indent(level));
}

std::string PrettyBinary(const Binary& binary, std::string_view text, size_t level) {
  std::string_view middle = text;
  middle.remove_prefix(Print(*binary.lhs).size());
  middle.remove_suffix(Print(*binary.rhs).size());
  return fmt::format("{}\n{}{}\n{}", Pretty(*binary.lhs, level + 1), Indent(level), Trim(middle),
                     Pretty(*binary.rhs, level + 1));
}

std::string PrettyCall(const Call& call, size_t level) {
  std::string arguments;
  for (const ExprPtr& argument : call.args) {
    if (!arguments.empty()) arguments += ",\n";
    arguments += Pretty(*argument, level + 1);
  }
  return fmt::format("{}{}(\n{}\n{})", Indent(level), call.function->name, arguments,
                     Indent(level));
}

std::string Pretty(const Expr& expr, size_t level) {
  const std::string text = Print(expr);
  if (text.size() <= kMaxPrettyLine) return Indent(level) + text;
  switch (expr.kind) {
    case ExprKind::kAggregate:
      return PrettyAggregate(As<Aggregate>(expr), text, level);
    case ExprKind::kBinary:
      return PrettyBinary(As<Binary>(expr), text, level);
    case ExprKind::kCall:
      return PrettyCall(As<Call>(expr), level);
    case ExprKind::kParen:
      return fmt::format("{0}(\n{1}\n{0})", Indent(level),
                         Pretty(*As<Paren>(expr).expr, level + 1));
    case ExprKind::kUnary:
      return Indent(level) + text[0] + std::string(Trim(Pretty(*As<Unary>(expr).expr, level)));
    case ExprKind::kSubquery: {
      const Expr& inner = *As<Subquery>(expr).expr;
      return Pretty(inner, level) + text.substr(Print(inner).size());
    }
    default:
      return Indent(level) + text;
  }
}

}  // namespace

std::string PrettyPrint(const Expr& expr) { return Pretty(expr, 0); }

}  // namespace vigil::promql
