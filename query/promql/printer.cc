// SPDX-License-Identifier: Apache-2.0
//
// Tree -> text on one line. Recursion is bounded by kMaxNesting, as the parser makes no higher
// trees; parentheses are printed where the tree has them and nowhere else.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include <absl/strings/str_join.h>
#include <fmt/format.h>

#include "base/duration.h"
#include "base/strings.h"
#include "query/promql/functions.h"
#include "query/promql/lexer.h"
#include "query/promql/parser.h"
#include "storage/series/labels.h"

namespace vigil::promql {
namespace {

std::string LabelName(const std::string& name) {
  return IsIdentifier(name) ? name : storage::Quote(name);
}

// Which is a number where labels are listed.
bool IsNumberWord(const std::string& name) {
  const std::string lower = ToLower(name);
  return lower == "inf" || lower == "nan";
}

std::string LabelList(const std::vector<std::string>& labels) {
  std::string list = "(";
  for (size_t i = 0; i < labels.size(); ++i) {
    if (i > 0) list += ", ";
    list += IsNumberWord(labels[i]) ? storage::Quote(labels[i]) : LabelName(labels[i]);
  }
  return list + ")";
}

// In full, however large or small, as Prometheus prints the numbers of a query.
std::string NumberText(double value, bool is_duration) {
  if (is_duration) return FormatDurationMs(std::llround(value * 1000));
  return std::isfinite(value) ? FormatPlain(value) : FormatValue(value);
}

bool IsInfinity(const Expr& expr) {
  return expr.kind == ExprKind::kNumber && std::isinf(As<NumberLiteral>(expr).value);
}

class Printer {
 public:
  std::string Take() && { return std::move(out_); }

  void Visit(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::kNumber: {
        const auto& number = As<NumberLiteral>(expr);
        out_ += NumberText(number.value, number.is_duration);
        return;
      }
      case ExprKind::kString:
        out_ += storage::Quote(As<StringLiteral>(expr).value);
        return;
      case ExprKind::kVectorSelector:
        return VisitVector(As<VectorSelector>(expr));
      case ExprKind::kMatrixSelector:
        return VisitMatrix(As<MatrixSelector>(expr));
      case ExprKind::kSubquery:
        return VisitSubquery(As<Subquery>(expr));
      case ExprKind::kCall:
        out_ += As<Call>(expr).function->name;
        return VisitArguments(As<Call>(expr).args);
      case ExprKind::kAggregate:
        return VisitAggregate(As<Aggregate>(expr));
      case ExprKind::kBinary:
        return VisitBinary(As<Binary>(expr));
      case ExprKind::kUnary:
        out_ += As<Unary>(expr).negate ? '-' : '+';
        return Visit(*As<Unary>(expr).expr);
      case ExprKind::kParen:
        out_ += '(';
        Visit(*As<Paren>(expr).expr);
        out_ += ')';
        return;
      case ExprKind::kDuration:
        return VisitDuration(As<DurationExpr>(expr));
    }
  }

 private:
  void VisitArguments(const std::vector<ExprPtr>& args) {
    out_ += '(';
    for (size_t i = 0; i < args.size(); ++i) {
      if (i > 0) out_ += ", ";
      Visit(*args[i]);
    }
    out_ += ')';
  }

  // The name and the matchers, without modifiers.
  void VisitSelector(const VectorSelector& selector) {
    out_ += selector.name;
    // The first matcher is the name before the braces, if there is one.
    const size_t first = selector.name.empty() ? 0 : 1;
    if (!selector.name.empty() && selector.matchers.size() == first) return;
    // In the order of their texts, as Prometheus prints them.
    std::vector<std::string> texts;
    for (size_t i = first; i < selector.matchers.size(); ++i) {
      const storage::Matcher& matcher = selector.matchers[i];
      texts.push_back(LabelName(matcher.name()));
      texts.back() += storage::MatchOperator(matcher.type());
      texts.back() += storage::Quote(matcher.value());
    }
    std::sort(texts.begin(), texts.end());
    out_ += '{';
    out_ += absl::StrJoin(texts, ",");
    out_ += '}';
  }

  void VisitModifiers(const VectorSelector& selector) {
    if (selector.anchored) out_ += " anchored";
    if (selector.smoothed) out_ += " smoothed";
    VisitShift(selector.shift);
  }

  void VisitVector(const VectorSelector& selector) {
    VisitSelector(selector);
    VisitModifiers(selector);
  }

  void VisitMatrix(const MatrixSelector& matrix) {
    VisitSelector(*matrix.selector);
    out_ += '[';
    VisitDuration(matrix.range_ms, matrix.range_expr.get());
    out_ += ']';
    VisitModifiers(*matrix.selector);
  }

  void VisitSubquery(const Subquery& subquery) {
    Visit(*subquery.expr);
    out_ += '[';
    VisitDuration(subquery.range_ms, subquery.range_expr.get());
    out_ += ':';
    if (subquery.step_ms != 0 || subquery.step_expr != nullptr) {
      VisitDuration(subquery.step_ms, subquery.step_expr.get());
    }
    out_ += ']';
    VisitShift(subquery.shift);
  }

  void VisitShift(const TimeShift& shift) {
    switch (shift.at) {
      case TimeShift::At::kNone:
        break;
      case TimeShift::At::kTimestamp:
        out_ += fmt::format(" @ {}{}.{:03}", shift.at_ms < 0 ? "-" : "",
                            std::abs(shift.at_ms / 1000), std::abs(shift.at_ms % 1000));
        break;
      case TimeShift::At::kStart:
        out_ += " @ start()";
        break;
      case TimeShift::At::kEnd:
        out_ += " @ end()";
        break;
    }
    if (shift.offset_ms == 0 && shift.offset_expr == nullptr) return;
    out_ += " offset ";
    VisitDuration(shift.offset_ms, shift.offset_expr.get());
  }

  void VisitDuration(int64_t ms, const DurationExpr* expr) {
    if (expr != nullptr) {
      VisitDuration(*expr);
    } else {
      out_ += FormatDurationMs(ms);
    }
  }

  void VisitDuration(const DurationExpr& expr) {
    if (expr.wrapped) out_ += '(';
    switch (expr.op) {
      case DurationExpr::Op::kLiteral:
        out_ += NumberText(expr.seconds, expr.is_duration);
        break;
      case DurationExpr::Op::kNegate:
        out_ += '-';
        VisitDuration(*expr.lhs);
        break;
      case DurationExpr::Op::kStep:
        out_ += "step()";
        break;
      case DurationExpr::Op::kRange:
        out_ += "range()";
        break;
      case DurationExpr::Op::kMin:
      case DurationExpr::Op::kMax:
        out_ += expr.op == DurationExpr::Op::kMin ? "min_of(" : "max_of(";
        VisitDuration(*expr.lhs);
        out_ += ", ";
        VisitDuration(*expr.rhs);
        out_ += ')';
        break;
      default:
        VisitDuration(*expr.lhs);
        out_ += fmt::format(" {} ", DurationOpText(expr.op));
        VisitDuration(*expr.rhs);
    }
    if (expr.wrapped) out_ += ')';
  }

  // Of the operators with two sides.
  static char DurationOpText(DurationExpr::Op op) {
    constexpr std::string_view kTexts = "+-*/%^";
    return kTexts[static_cast<size_t>(op) - static_cast<size_t>(DurationExpr::Op::kAdd)];
  }

  void VisitAggregate(const Aggregate& aggregate) {
    out_ += AggregateOpText(aggregate.op);
    if (aggregate.has_grouping) {
      out_ += fmt::format(" {} {} ", aggregate.without ? "without" : "by",
                          LabelList(aggregate.grouping));
    }
    out_ += '(';
    if (aggregate.param != nullptr) {
      Visit(*aggregate.param);
      out_ += ", ";
    }
    Visit(*aggregate.expr);
    out_ += ')';
  }

  void VisitBinary(const Binary& binary) {
    if (binary.op == BinaryOp::kPow && IsInfinity(*binary.lhs)) {
      out_ += "Inf";  // The sign of "+Inf ^ 2" would be taken for one of the whole.
    } else {
      Visit(*binary.lhs);
    }
    out_ += fmt::format(" {}{}", BinaryOpText(binary.op), binary.return_bool ? " bool" : "");
    if (binary.matching.has_value()) VisitMatching(*binary.matching);
    out_ += ' ';
    Visit(*binary.rhs);
  }

  void VisitMatching(const VectorMatching& matching) {
    using Cardinality = VectorMatching::Cardinality;
    const bool group_left = matching.cardinality == Cardinality::kManyToOne;
    const bool group = group_left || matching.cardinality == Cardinality::kOneToMany;
    if (matching.on || group || !matching.labels.empty()) {
      out_ += matching.on ? " on " : " ignoring ";
      out_ += LabelList(matching.labels);
    }
    if (group) {
      out_ += group_left ? " group_left " : " group_right ";
      out_ += LabelList(matching.include);
    }
    VisitFill(matching);
  }

  void VisitFill(const VectorMatching& matching) {
    const std::string left = matching.fill_left ? FormatValue(*matching.fill_left) : "";
    const std::string right = matching.fill_right ? FormatValue(*matching.fill_right) : "";
    if (left == right) {
      if (!left.empty()) out_ += fmt::format(" fill ({})", left);
      return;
    }
    if (!left.empty()) out_ += fmt::format(" fill_left ({})", left);
    if (!right.empty()) out_ += fmt::format(" fill_right ({})", right);
  }

  std::string out_;
};

}  // namespace

std::string Print(const Expr& expr) {
  Printer printer;
  printer.Visit(expr);
  return std::move(printer).Take();
}

}  // namespace vigil::promql
