// SPDX-License-Identifier: Apache-2.0
#include "query/promql/type_check.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "base/status.h"
#include "query/promql/functions.h"
#include "query/promql/parse_error.h"
#include "storage/series/labels.h"

namespace vigil::promql {
namespace {

// Functions whose range may have the boundary modifier.
bool AllowsAnchored(FunctionId id) {
  return id == FunctionId::kChanges || id == FunctionId::kDelta || id == FunctionId::kIncrease ||
         id == FunctionId::kRate || id == FunctionId::kResets;
}
bool AllowsSmoothed(FunctionId id) {
  return id == FunctionId::kDelta || id == FunctionId::kIncrease || id == FunctionId::kRate;
}

class TypeChecker {
 public:
  explicit TypeChecker(std::string_view text) : text_(text) {}

  absl::Status Check(Expr* expr) {
    switch (expr->kind) {
      case ExprKind::kNumber:
      case ExprKind::kString:
      case ExprKind::kDuration:
        return absl::OkStatus();
      case ExprKind::kVectorSelector:
        return CheckSelector(As<VectorSelector>(*expr), false);
      case ExprKind::kMatrixSelector:
        return CheckSelector(*As<MatrixSelector>(*expr).selector, false);
      case ExprKind::kSubquery:
        return CheckSubquery(static_cast<Subquery*>(expr));
      case ExprKind::kCall:
        return CheckCall(static_cast<Call*>(expr));
      case ExprKind::kAggregate:
        return CheckAggregate(static_cast<Aggregate*>(expr));
      case ExprKind::kBinary:
        return CheckBinary(static_cast<Binary*>(expr));
      case ExprKind::kUnary:
        return CheckUnary(static_cast<Unary*>(expr));
      case ExprKind::kParen:
        return Check(static_cast<Paren*>(expr)->expr.get());
    }
    return absl::OkStatus();
  }

  absl::Status CheckMetricName(const VectorSelector& selector) const {
    if (selector.name.empty()) return absl::OkStatus();
    // The first matcher is the name itself.
    for (size_t i = 1; i < selector.matchers.size(); ++i) {
      const storage::Matcher& matcher = selector.matchers[i];
      if (matcher.name() != storage::kMetricName) continue;
      return Error(selector.span,
                   fmt::format("metric name must not be set twice: {} or {}",
                               storage::Quote(selector.name), storage::Quote(matcher.value())));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Error(const Span& span, std::string_view message) const {
    return ParseErrorAt(text_, span.begin, message);
  }

  absl::Status Expect(const Expr& expr, ValueType wanted, std::string_view where) const {
    if (expr.type == wanted) return absl::OkStatus();
    return Error(expr.span, fmt::format("expected type {} in {}, got {}", ValueTypeName(wanted),
                                        where, ValueTypeName(expr.type)));
  }

  absl::Status CheckSelector(const VectorSelector& selector, bool may_match_empty) const {
    VIGIL_RETURN_IF_ERROR(CheckMetricName(selector));
    const bool all_empty =
        std::all_of(selector.matchers.begin(), selector.matchers.end(),
                    [](const storage::Matcher& matcher) { return matcher.MatchesEmpty(); });
    if (!all_empty || may_match_empty) return absl::OkStatus();
    return Error(selector.span, "vector selector must contain at least one non-empty matcher");
  }

  absl::Status CheckSubquery(Subquery* subquery) {
    VIGIL_RETURN_IF_ERROR(Check(subquery->expr.get()));
    const ValueType type = subquery->expr->type;
    if (type == ValueType::kVector) return absl::OkStatus();
    return Error(subquery->span,
                 fmt::format("subquery is only allowed on instant vector, got {} instead",
                             type == ValueType::kMatrix ? "matrix" : ValueTypeName(type)));
  }

  absl::Status CheckUnary(Unary* unary) {
    VIGIL_RETURN_IF_ERROR(Check(unary->expr.get()));
    if (unary->type == ValueType::kScalar || unary->type == ValueType::kVector) {
      return absl::OkStatus();
    }
    return Error(unary->span,
                 fmt::format("unary expression only allowed on expressions of type scalar or "
                             "instant vector, got \"{}\"",
                             ValueTypeName(unary->type)));
  }

  absl::Status CheckAggregate(Aggregate* aggregate) {
    VIGIL_RETURN_IF_ERROR(Check(aggregate->expr.get()));
    VIGIL_RETURN_IF_ERROR(Expect(*aggregate->expr, ValueType::kVector, "aggregation expression"));
    if (aggregate->param == nullptr) return absl::OkStatus();
    VIGIL_RETURN_IF_ERROR(Check(aggregate->param.get()));
    return Expect(
        *aggregate->param,
        aggregate->op == AggregateOp::kCountValues ? ValueType::kString : ValueType::kScalar,
        "aggregation parameter");
  }

  absl::Status CheckCall(Call* call) {
    const FunctionSignature& function = *call->function;
    VIGIL_RETURN_IF_ERROR(CheckArity(*call));
    const std::string where = fmt::format("call to function \"{}\"", function.name);
    for (size_t i = 0; i < call->args.size(); ++i) {
      Expr* const arg = call->args[i].get();
      const ValueType wanted = function.args[std::min(i, function.args.size() - 1)];
      if (function.id == FunctionId::kInfo && i == 1) {
        VIGIL_RETURN_IF_ERROR(CheckInfoSelector(*arg, where));
        continue;
      }
      VIGIL_RETURN_IF_ERROR(Check(arg));
      VIGIL_RETURN_IF_ERROR(Expect(*arg, wanted, where));
      VIGIL_RETURN_IF_ERROR(CheckBoundary(function, *arg));
    }
    return absl::OkStatus();
  }

  absl::Status CheckArity(const Call& call) const {
    const FunctionSignature& function = *call.function;
    const int count = static_cast<int>(call.args.size());
    std::string_view bound;
    int wanted = function.min_args;
    if (count < function.min_args) {
      bound = function.min_args == function.max_args ? "" : "at least ";
    } else if (function.max_args >= 0 && count > function.max_args) {
      bound = function.min_args == function.max_args ? "" : "at most ";
      wanted = function.max_args;
    } else {
      return absl::OkStatus();
    }
    return Error(call.span, fmt::format("expected {}{} argument(s) in call to \"{}\", got {}",
                                        bound, wanted, function.name, count));
  }

  // The second argument of info() is not evaluated: its matchers pick labels.
  absl::Status CheckInfoSelector(const Expr& arg, std::string_view where) const {
    VIGIL_RETURN_IF_ERROR(Expect(arg, ValueType::kVector, where));
    if (arg.kind != ExprKind::kVectorSelector) {
      return Error(arg.span, "expected label selectors only");
    }
    const auto& selector = As<VectorSelector>(arg);
    if (!selector.name.empty()) {
      return Error(arg.span, "expected label selectors only, got vector selector instead");
    }
    return CheckSelector(selector, true);
  }

  absl::Status CheckBoundary(const FunctionSignature& function, const Expr& arg) const {
    const Expr& inner = Unwrap(arg);
    if (inner.kind != ExprKind::kMatrixSelector) return absl::OkStatus();
    const VectorSelector& selector = *As<MatrixSelector>(inner).selector;
    if (selector.anchored && !AllowsAnchored(function.id)) {
      return Error(arg.span, fmt::format("anchored modifier can only be used with: changes, delta, "
                                         "increase, rate, resets - not with {}",
                                         function.name));
    }
    if (selector.smoothed && !AllowsSmoothed(function.id)) {
      return Error(arg.span, fmt::format("smoothed modifier can only be used with: delta, "
                                         "increase, rate - not with {}",
                                         function.name));
    }
    return absl::OkStatus();
  }

  // Errors about an operator point at it. It stands behind the left side, but for blanks and
  // comments.
  Span OperatorSpan(const Binary& binary) const {
    size_t at = binary.lhs->span.end;
    while (at < text_.size()) {
      if (text_[at] == '#') {
        at = std::min(text_.find('\n', at), text_.size());
      } else if (std::string_view(" \t\r\n").find(text_[at]) == std::string_view::npos) {
        break;
      } else {
        ++at;
      }
    }
    return {static_cast<uint32_t>(at), static_cast<uint32_t>(at)};
  }

  absl::Status CheckBinary(Binary* binary) {
    VIGIL_RETURN_IF_ERROR(Check(binary->lhs.get()));
    VIGIL_RETURN_IF_ERROR(Check(binary->rhs.get()));
    if (binary->return_bool && !IsComparison(binary->op)) {
      return Error(OperatorSpan(*binary), "bool modifier can only be used on comparison operators");
    }
    int vectors = 0;
    for (const Expr* const side : {binary->lhs.get(), binary->rhs.get()}) {
      if (side->type == ValueType::kVector) {
        ++vectors;
      } else if (side->type != ValueType::kScalar) {
        return Error(side->span,
                     "binary expression must contain only scalar and instant vector types");
      }
    }
    return vectors == 2 ? CheckVectorMatching(binary) : CheckScalarBinary(binary, vectors == 0);
  }

  absl::Status CheckScalarBinary(Binary* binary, bool both_scalar) const {
    if (IsComparison(binary->op) && both_scalar && !binary->return_bool) {
      return Error(OperatorSpan(*binary), "comparisons between scalars must use BOOL modifier");
    }
    if (const auto& matching = binary->matching; matching.has_value()) {
      if (matching->fill_left || matching->fill_right) {
        return Error(binary->span,
                     "filling in missing series only allowed between instant vectors");
      }
      if (!matching->labels.empty()) {
        return Error(binary->span, "vector matching only allowed between instant vectors");
      }
    }
    if (IsSetOperator(binary->op)) {
      return Error(binary->span,
                   fmt::format("set operator \"{}\" not allowed in binary scalar expression",
                               BinaryOpText(binary->op)));
    }
    binary->matching.reset();  // One by no label, which says nothing.
    return absl::OkStatus();
  }

  absl::Status CheckVectorMatching(Binary* binary) const {
    using Cardinality = VectorMatching::Cardinality;
    if (!binary->matching.has_value()) binary->matching.emplace();
    VectorMatching& matching = *binary->matching;
    if (!IsSetOperator(binary->op)) return absl::OkStatus();
    if (matching.cardinality == Cardinality::kManyToOne ||
        matching.cardinality == Cardinality::kOneToMany) {
      return Error(binary->span, fmt::format("no grouping allowed for \"{}\" operation",
                                             BinaryOpText(binary->op)));
    }
    if (matching.fill_left || matching.fill_right) {
      return Error(binary->span, "filling in missing series not allowed for set operators");
    }
    matching.cardinality = Cardinality::kManyToMany;
    return absl::OkStatus();
  }

  const std::string_view text_;
};

}  // namespace

absl::Status CheckTypes(std::string_view text, Expr* root) { return TypeChecker(text).Check(root); }

absl::Status CheckMetricName(std::string_view text, const VectorSelector& selector) {
  return TypeChecker(text).CheckMetricName(selector);
}

}  // namespace vigil::promql
