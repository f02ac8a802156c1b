// SPDX-License-Identifier: Apache-2.0
//
// Durations and the arithmetic on them, in brackets and behind offset.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/status.h"
#include "query/promql/number_literal.h"
#include "query/promql/parser_impl.h"

namespace vigil::promql {
namespace {

using Op = DurationExpr::Op;

constexpr int kSumPrecedence = 1;
constexpr int kProductPrecedence = 2;
constexpr int kPowerPrecedence = 3;

struct DurationOperator {
  Op op;
  int precedence;
};

std::optional<DurationOperator> OperatorOf(TokenKind kind) {
  switch (kind) {
    case TokenKind::kAdd:
      return DurationOperator{Op::kAdd, kSumPrecedence};
    case TokenKind::kSub:
      return DurationOperator{Op::kSub, kSumPrecedence};
    case TokenKind::kMul:
      return DurationOperator{Op::kMul, kProductPrecedence};
    case TokenKind::kDiv:
      return DurationOperator{Op::kDiv, kProductPrecedence};
    case TokenKind::kMod:
      return DurationOperator{Op::kMod, kProductPrecedence};
    case TokenKind::kPow:
      return DurationOperator{Op::kPow, kPowerPrecedence};
    default:
      return std::nullopt;
  }
}

// Whole milliseconds, the rest cut off. But what is within half a nanosecond of a millisecond, or
// as near to it as doubles of that size come, means that millisecond: 1.001 s is 1001 ms.
double WholeMs(double seconds) {
  const double ms = seconds * 1000;
  const double nearest = std::round(ms);
  const double slack = std::max(0.5e-6, std::fabs(ms) * 0x1p-51);
  return std::fabs(ms - nearest) < slack ? nearest : std::trunc(ms);
}

// A sign before a literal is part of it; what is in parentheses stays as it is.
DurationPtr Negate(DurationPtr operand, uint32_t begin) {
  if (operand->op == Op::kLiteral && !operand->wrapped) {
    operand->seconds = -operand->seconds;
    operand->span.begin = begin;
    return operand;
  }
  auto negated = std::make_unique<DurationExpr>(Op::kNegate);
  negated->span = {begin, operand->span.end};
  negated->lhs = std::move(operand);
  return negated;
}

}  // namespace

absl::StatusOr<DurationPtr> Parser::ParseDuration(int min_precedence, std::string_view context) {
  VIGIL_RETURN_IF_ERROR(CheckNesting(++depth_));
  absl::StatusOr<DurationPtr> duration = ParseDurationOperators(min_precedence, context);
  --depth_;
  return duration;
}

absl::StatusOr<DurationPtr> Parser::ParseDurationOperators(int min_precedence,
                                                           std::string_view context) {
  VIGIL_ASSIGN_OR_RETURN(DurationPtr duration, ParseDurationOperand(context));
  for (auto next = OperatorOf(Peek().kind); next.has_value() && next->precedence >= min_precedence;
       next = OperatorOf(Peek().kind)) {
    const Token op = Take();
    const int height = height_;
    auto binary = std::make_unique<DurationExpr>(next->op);
    VIGIL_ASSIGN_OR_RETURN(
        binary->rhs,
        ParseDuration(next->op == Op::kPow ? next->precedence : next->precedence + 1, context));
    VIGIL_RETURN_IF_ERROR(Raise(std::max(height, height_)));
    if (binary->rhs->op == Op::kLiteral && binary->rhs->seconds == 0) {
      if (next->op == Op::kDiv) return ErrorAt(op.span, "division by zero");
      if (next->op == Op::kMod) return ErrorAt(op.span, "modulo by zero");
    }
    binary->span = {duration->span.begin, binary->rhs->span.end};
    binary->lhs = std::move(duration);
    duration = std::move(binary);
  }
  return duration;
}

absl::StatusOr<DurationPtr> Parser::ParseDurationOperand(std::string_view context) {
  if (!At(TokenKind::kAdd) && !At(TokenKind::kSub)) return ParseDurationPrimary(context);
  const Token sign = Take();
  VIGIL_ASSIGN_OR_RETURN(DurationPtr operand, ParseDuration(kPowerPrecedence, context));
  if (sign.kind == TokenKind::kAdd) {
    if (operand->op == Op::kLiteral && !operand->wrapped) operand->span.begin = sign.span.begin;
    return operand;
  }
  VIGIL_RETURN_IF_ERROR(Raise(height_));
  return Negate(std::move(operand), sign.span.begin);
}

absl::StatusOr<DurationPtr> Parser::ParseDurationPrimary(std::string_view context) {
  height_ = 1;
  switch (Peek().kind) {
    case TokenKind::kNumber:
    case TokenKind::kDuration: {
      const Token token = Peek();
      auto literal = std::make_unique<DurationExpr>(Op::kLiteral);
      VIGIL_ASSIGN_OR_RETURN(literal->seconds, TakeNumber());
      literal->is_duration = token.kind == TokenKind::kDuration;
      literal->span = token.span;
      if (!std::isfinite(literal->seconds)) return ErrorAt(token.span, "duration out of range");
      return literal;
    }
    case TokenKind::kLeftParen: {
      Take();
      VIGIL_ASSIGN_OR_RETURN(DurationPtr inner, ParseDuration(0, context));
      inner->wrapped = true;
      if (!TakeIf(TokenKind::kRightParen)) return MissDuration(context);
      return inner;
    }
    case TokenKind::kStep:
      return ParseDurationCall(Op::kStep, context);
    case TokenKind::kRange:
      return ParseDurationCall(Op::kRange, context);
    case TokenKind::kMinOf:
      return ParseDurationCall(Op::kMin, context);
    case TokenKind::kMaxOf:
      return ParseDurationCall(Op::kMax, context);
    default:
      return MissDuration(context);
  }
}

absl::Status Parser::MissDuration(std::string_view context) const {
  // The step of a subquery may be left out.
  return Unexpected(context, context == kStepContext ? "number, duration, step(), range(), or \"]\""
                                                     : "number, duration, step(), or range()");
}

absl::StatusOr<DurationPtr> Parser::ParseDurationCall(Op op, std::string_view context) {
  const Token name = Take();
  auto call = std::make_unique<DurationExpr>(op);
  if (!TakeIf(TokenKind::kLeftParen)) return MissDuration(context);
  if (op == Op::kMin || op == Op::kMax) {
    VIGIL_ASSIGN_OR_RETURN(call->lhs, ParseDuration(0, context));
    const int height = height_;
    if (!TakeIf(TokenKind::kComma)) return MissDuration(context);
    VIGIL_ASSIGN_OR_RETURN(call->rhs, ParseDuration(0, context));
    VIGIL_RETURN_IF_ERROR(Raise(std::max(height, height_)));
  }
  call->span = {name.span.begin, Peek().span.end};
  if (!TakeIf(TokenKind::kRightParen)) return MissDuration(context);
  return call;
}

// At most one sign, and no operators outside of parentheses: in `x offset 5m * 2` the product is
// of the vector.
absl::StatusOr<DurationPtr> Parser::ParseOffsetDuration() {
  const Token first = Peek();
  const bool negative = first.kind == TokenKind::kSub;
  if (negative || first.kind == TokenKind::kAdd) Take();
  VIGIL_ASSIGN_OR_RETURN(DurationPtr offset, ParseDurationPrimary("offset"));
  return negative ? Negate(std::move(offset), first.span.begin) : std::move(offset);
}

absl::Status Parser::StoreDuration(DurationPtr duration, bool must_be_positive, int64_t* ms,
                                   DurationPtr* expr) const {
  if (duration->op != Op::kLiteral) {
    *expr = std::move(duration);
    return absl::OkStatus();
  }
  const double whole_ms = WholeMs(duration->seconds);
  if (!(std::fabs(whole_ms) <= kMaxDurationMs)) {
    return ErrorAt(duration->span, "duration out of range");
  }
  *ms = static_cast<int64_t>(whole_ms);
  // What is above zero but below a millisecond is allowed, and finds nothing.
  if (must_be_positive && duration->seconds <= 0) {
    return ErrorAt(duration->span, "duration must be greater than 0");
  }
  return absl::OkStatus();
}

}  // namespace vigil::promql
