// SPDX-License-Identifier: Apache-2.0
//
// What may follow a selector: ranges, subqueries, offset, @, anchored and smoothed.
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "query/promql/parser_impl.h"

namespace vigil::promql {
namespace {

// The time shift of a selector or subquery, nullptr for other expressions.
TimeShift* ShiftOf(Expr* expr) {
  switch (expr->kind) {
    case ExprKind::kVectorSelector:
      return &static_cast<VectorSelector*>(expr)->shift;
    case ExprKind::kMatrixSelector:
      return &static_cast<MatrixSelector*>(expr)->selector->shift;
    case ExprKind::kSubquery:
      return &static_cast<Subquery*>(expr)->shift;
    default:
      return nullptr;
  }
}

VectorSelector* SelectorOf(Expr* expr) {
  switch (expr->kind) {
    case ExprKind::kVectorSelector:
      return static_cast<VectorSelector*>(expr);
    case ExprKind::kMatrixSelector:
      return static_cast<MatrixSelector*>(expr)->selector.get();
    default:
      return nullptr;
  }
}

}  // namespace

absl::StatusOr<ExprPtr> Parser::ParsePostfix() {
  VIGIL_ASSIGN_OR_RETURN(ExprPtr expr, ParsePrimary());
  Modifiers modifiers;
  while (true) {
    const int height = height_;
    switch (Peek().kind) {
      case TokenKind::kLeftBracket: {
        VIGIL_ASSIGN_OR_RETURN(expr, ParseBrackets(std::move(expr), modifiers));
        modifiers = {};
        break;
      }
      case TokenKind::kOffset:
        VIGIL_RETURN_IF_ERROR(ParseOffset(expr.get(), &modifiers));
        break;
      case TokenKind::kAt:
        VIGIL_RETURN_IF_ERROR(ParseAt(expr.get(), &modifiers));
        break;
      case TokenKind::kAnchored:
      case TokenKind::kSmoothed:
        VIGIL_RETURN_IF_ERROR(ParseBoundary(expr.get(), &modifiers));
        break;
      default:
        return expr;
    }
    expr->span.end = lexed_.tokens[at_ - 1].span.end;
    VIGIL_RETURN_IF_ERROR(Raise(std::max(height, height_)));
  }
}

absl::StatusOr<ExprPtr> Parser::ParseBrackets(ExprPtr expr, const Modifiers& modifiers) {
  const Token open = Take();
  const uint32_t begin = expr->span.begin;
  height_ = 1;
  VIGIL_ASSIGN_OR_RETURN(DurationPtr range, ParseDuration(0, kRangeContext));
  if (At(TokenKind::kRightBracket)) {
    Take();
    VIGIL_ASSIGN_OR_RETURN(ExprPtr made, MakeMatrix(std::move(expr), modifiers, open));
    auto& matrix = static_cast<MatrixSelector&>(*made);
    VIGIL_RETURN_IF_ERROR(
        StoreDuration(std::move(range), true, &matrix.range_ms, &matrix.range_expr));
    matrix.span.begin = begin;
    return made;
  }
  VIGIL_RETURN_IF_ERROR(Expect(TokenKind::kColon, "subquery or range", "\":\" or \"]\""));
  auto subquery = std::make_unique<Subquery>();
  VIGIL_RETURN_IF_ERROR(
      StoreDuration(std::move(range), true, &subquery->range_ms, &subquery->range_expr));
  if (!At(TokenKind::kRightBracket)) {
    const int height = height_;
    VIGIL_ASSIGN_OR_RETURN(DurationPtr step, ParseDuration(0, kStepContext));
    const Span step_span = step->span;
    VIGIL_RETURN_IF_ERROR(
        StoreDuration(std::move(step), true, &subquery->step_ms, &subquery->step_expr));
    if (subquery->step_ms == 0 && subquery->step_expr == nullptr) {
      return ErrorAt(step_span, "duration must be greater than 0");
    }
    height_ = std::max(height, height_);
  }
  VIGIL_RETURN_IF_ERROR(Expect(TokenKind::kRightBracket, kStepContext, "\"]\""));
  subquery->expr = std::move(expr);
  subquery->span.begin = begin;
  return subquery;
}

absl::StatusOr<ExprPtr> Parser::MakeMatrix(ExprPtr expr, const Modifiers& modifiers,
                                           const Token& open) {
  if (expr->kind != ExprKind::kVectorSelector) {
    return ErrorAt(open.span, "ranges only allowed for vector selectors");
  }
  if (modifiers.offset) return ErrorAt(open.span, "no offset modifiers allowed before range");
  if (modifiers.at) return ErrorAt(open.span, "no @ modifiers allowed before range");
  if (modifiers.smoothed) return ErrorAt(open.span, "no smoothed modifiers allowed before range");
  auto matrix = std::make_unique<MatrixSelector>();
  matrix->selector.reset(static_cast<VectorSelector*>(expr.release()));
  return matrix;
}

absl::Status Parser::ParseOffset(Expr* expr, Modifiers* modifiers) {
  Take();
  height_ = 1;
  VIGIL_ASSIGN_OR_RETURN(DurationPtr offset, ParseOffsetDuration());
  TimeShift* const shift = ShiftOf(expr);
  if (shift == nullptr) {
    return ErrorAt(expr->span,
                   "offset modifier must be preceded by an instant vector selector or range vector "
                   "selector or a subquery");
  }
  if (std::exchange(modifiers->offset, true)) {
    return ErrorAt(expr->span, "offset may not be set multiple times");
  }
  return StoreDuration(std::move(offset), false, &shift->offset_ms, &shift->offset_expr);
}

absl::Status Parser::ParseAt(Expr* expr, Modifiers* modifiers) {
  Take();
  height_ = 1;
  TimeShift parsed;
  VIGIL_RETURN_IF_ERROR(ParseAtTime(expr->span, &parsed));
  TimeShift* const shift = ShiftOf(expr);
  if (shift == nullptr) {
    return ErrorAt(expr->span,
                   "@ modifier must be preceded by an instant vector selector or range vector "
                   "selector or a subquery");
  }
  if (std::exchange(modifiers->at, true)) {
    return ErrorAt(expr->span, "@ <timestamp> may not be set multiple times");
  }
  shift->at = parsed.at;
  shift->at_ms = parsed.at_ms;
  return absl::OkStatus();
}

absl::Status Parser::ParseAtTime(const Span& where, TimeShift* shift) {
  constexpr std::string_view kContext = "@";
  constexpr std::string_view kWanted = "timestamp";
  if (At(TokenKind::kStart) || At(TokenKind::kEndWord)) {
    shift->at = Take().kind == TokenKind::kStart ? TimeShift::At::kStart : TimeShift::At::kEnd;
    VIGIL_RETURN_IF_ERROR(Expect(TokenKind::kLeftParen, kContext, kWanted));
    return Expect(TokenKind::kRightParen, kContext, kWanted);
  }
  const bool negative = At(TokenKind::kSub);
  if (negative || At(TokenKind::kAdd)) Take();
  if (!At(TokenKind::kNumber) && !At(TokenKind::kDuration)) {
    return Unexpected(kContext, kWanted);
  }
  VIGIL_ASSIGN_OR_RETURN(const double magnitude, TakeNumber());
  const double seconds = negative ? -magnitude : magnitude;
  const double time_ms = std::round(seconds * 1000);
  // Written so that NaN is out of bounds, too.
  if (!(std::fabs(time_ms) < 0x1p63)) {
    return ErrorAt(
        where, "timestamp out of bounds for @ modifier: " +
                   (std::isfinite(seconds) ? fmt::format("{:f}", seconds) : FormatValue(seconds)));
  }
  shift->at = TimeShift::At::kTimestamp;
  shift->at_ms = static_cast<int64_t>(time_ms);
  return absl::OkStatus();
}

absl::Status Parser::ParseBoundary(Expr* expr, Modifiers* modifiers) {
  const Token word = Take();
  const bool anchored = word.kind == TokenKind::kAnchored;
  const std::string_view name = anchored ? "anchored" : "smoothed";
  if (expr->kind == ExprKind::kSubquery) {
    return ErrorAt(expr->span, fmt::format("{} modifier is not supported for subqueries", name));
  }
  VectorSelector* const selector = SelectorOf(expr);
  if (selector == nullptr || (anchored && expr->kind != ExprKind::kMatrixSelector)) {
    return ErrorAt(expr->span,
                   fmt::format("{} modifier must be preceded by {}", name,
                               anchored ? "a range vector selector"
                                        : "an instant vector selector or range vector selector"));
  }
  if (std::exchange(anchored ? modifiers->anchored : modifiers->smoothed, true)) {
    return ErrorAt(expr->span, fmt::format("{} may not be set multiple times", name));
  }
  if (modifiers->anchored && modifiers->smoothed) {
    return ErrorAt(expr->span, "anchored and smoothed modifiers cannot be used together");
  }
  (anchored ? selector->anchored : selector->smoothed) = true;
  return absl::OkStatus();
}

}  // namespace vigil::promql
