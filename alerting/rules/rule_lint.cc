// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_lint.h"

#include <algorithm>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "alerting/rules/levels.h"
#include "base/strings.h"
#include "query/promql/functions.h"
#include "query/promql/operation.h"
#include "query/promql/parser.h"

namespace vigil::alerting {
namespace {

using promql::As;
using promql::BinaryOp;
using promql::Expr;
using promql::ExprKind;
using promql::ValueType;

// The label on which no value can meet all matchers; "" if there is none. A matcher with few
// possible values decides: if none of these meets the others, nothing does.
std::string ContradictoryLabel(const std::vector<storage::Matcher>& matchers) {
  for (const storage::Matcher& matcher : matchers) {
    if (matcher.IsNegated() || matcher.literals().empty()) continue;
    const bool possible =
        std::any_of(matcher.literals().begin(), matcher.literals().end(), [&](const auto& value) {
          return std::all_of(matchers.begin(), matchers.end(), [&](const storage::Matcher& other) {
            return other.name() != matcher.name() || other.Matches(value);
          });
        });
    if (!possible) return matcher.name();
  }
  return "";
}

// What comparisons leave of an expression's values.
struct Bounds {
  const Expr* of = nullptr;
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false;
  bool high_open = false;

  bool Empty() const { return low > high || (low == high && (low_open || high_open)); }

  void Narrow(BinaryOp op, double value) {
    const bool open = op == BinaryOp::kGreater || op == BinaryOp::kLess;
    const bool is_low =
        op == BinaryOp::kGreater || op == BinaryOp::kGreaterOrEqual || op == BinaryOp::kEqual;
    const bool is_high =
        op == BinaryOp::kLess || op == BinaryOp::kLessOrEqual || op == BinaryOp::kEqual;
    if (is_low && (value > low || (value == low && open))) {
      low = value;
      low_open = open;
    }
    if (is_high && (value < high || (value == high && open))) {
      high = value;
      high_open = open;
    }
  }

  void Narrow(const Bounds& other) {
    Narrow(other.low_open ? BinaryOp::kGreater : BinaryOp::kGreaterOrEqual, other.low);
    Narrow(other.high_open ? BinaryOp::kLess : BinaryOp::kLessOrEqual, other.high);
  }
};

// The bounds that comparisons with constants, one around the other, set to what they begin with.
Bounds BoundsOf(const Expr& wrapped) {
  const Expr& expr = Unwrap(wrapped);
  if (expr.kind == ExprKind::kBinary) {
    const auto& binary = As<promql::Binary>(expr);
    if (promql::IsComparison(binary.op) && !binary.return_bool) {
      const bool left = binary.lhs->type == ValueType::kVector;
      const std::optional<double> limit = promql::ConstantOf(left ? *binary.rhs : *binary.lhs);
      if (limit.has_value()) {
        Bounds bounds = BoundsOf(left ? *binary.lhs : *binary.rhs);
        bounds.Narrow(left ? binary.op : promql::Mirrored(binary.op), *limit);
        return bounds;
      }
    }
  }
  Bounds bounds;
  bounds.of = &expr;
  return bounds;
}

bool MatchesAllLabels(const promql::Binary& binary) {
  return binary.matching.has_value() && !binary.matching->on && binary.matching->labels.empty();
}

class Linter {
 public:
  std::vector<std::string> Take() && { return std::move(findings_); }

  void Visit(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::kVectorSelector:
        return VisitSelector(As<promql::VectorSelector>(expr));
      case ExprKind::kMatrixSelector:
        return VisitSelector(*As<promql::MatrixSelector>(expr).selector);
      case ExprKind::kSubquery:
        return Visit(*As<promql::Subquery>(expr).expr);
      case ExprKind::kCall:
        for (const auto& arg : As<promql::Call>(expr).args) Visit(*arg);
        return;
      case ExprKind::kAggregate:
        return Visit(*As<promql::Aggregate>(expr).expr);
      case ExprKind::kUnary:
        return Visit(*As<promql::Unary>(expr).expr);
      case ExprKind::kParen:
        return Visit(*As<promql::Paren>(expr).expr);
      case ExprKind::kBinary:
        return VisitBinary(As<promql::Binary>(expr));
      default:
        return;
    }
  }

 private:
  void Add(const Expr& expr, std::string_view what) {
    findings_.push_back(fmt::format("{} {}", promql::Print(expr), what));
  }

  void VisitSelector(const promql::VectorSelector& selector) {
    const std::string label = ContradictoryLabel(selector.matchers);
    if (label.empty()) return;
    Add(selector, fmt::format("matches nothing: no value of \"{}\" meets all its matchers", label));
  }

  void VisitBinary(const promql::Binary& binary) {
    if (!VisitComparison(binary)) return;
    VisitSetOperation(binary);
    Visit(*binary.lhs);
    Visit(*binary.rhs);
  }

  // False when all is said about it.
  bool VisitComparison(const promql::Binary& binary) {
    if (!promql::IsComparison(binary.op)) return true;
    const std::optional<double> a = promql::ConstantOf(*binary.lhs);
    const std::optional<double> b = promql::ConstantOf(*binary.rhs);
    if (a.has_value() && b.has_value()) {
      double kept = 0;
      Add(binary, promql::FloatOperation(binary.op, *a, *b, &kept)
                      ? "compares constants: it is always true"
                      : "compares constants: it is never true");
      return false;
    }
    const Bounds bounds = BoundsOf(binary);
    if (!bounds.Empty()) return true;
    Add(binary, "is never true: no number is in both ranges");
    Visit(*bounds.of);
    return false;
  }

  void VisitSetOperation(const promql::Binary& binary) {
    if (!MatchesAllLabels(binary)) return;
    const Bounds lhs = BoundsOf(*binary.lhs);
    const Bounds rhs = BoundsOf(*binary.rhs);
    if (promql::Print(*lhs.of) != promql::Print(*rhs.of)) return;
    if (binary.op == BinaryOp::kAnd) {
      Bounds both = lhs;
      both.Narrow(rhs);
      if (both.Empty() && !lhs.Empty() && !rhs.Empty()) {
        Add(binary, "is never true: no number is in both ranges");
      }
    } else if (binary.op == BinaryOp::kUnless && lhs.of == &Unwrap(*binary.lhs) &&
               rhs.of == &Unwrap(*binary.rhs)) {
      Add(binary, "gives nothing: both sides are the same");
    }
  }

  std::vector<std::string> findings_;
};

}  // namespace

std::vector<std::string> LintExpr(const Expr& expr) {
  Linter linter;
  linter.Visit(expr);
  return std::move(linter).Take();
}

std::vector<std::string> LintRule(const Rule& rule) {
  const absl::StatusOr<promql::ExprPtr> expr = promql::ParseExpr(rule.expr);
  if (!expr.ok()) return {};
  std::vector<std::string> findings = LintExpr(**expr);
  if (rule.IsAlert() && (*expr)->type == ValueType::kScalar) {
    findings.push_back("the expression is a scalar, which is always there: the alert always fires");
  }
  const promql::Expr& top = Unwrap(**expr);
  const bool filters = top.kind == ExprKind::kBinary &&
                       promql::IsComparison(As<promql::Binary>(top).op) &&
                       !As<promql::Binary>(top).return_bool;
  if (filters && rule.extensions.levels.has_value() && !rule.extensions.ratio.has_value()) {
    findings.push_back("levels judge the bare value, but the expression compares it already");
  }
  return findings;
}

}  // namespace vigil::alerting
