// SPDX-License-Identifier: Apache-2.0
//
// Operators, by precedence climbing, and what stands between them.
#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "query/promql/parser.h"
#include "query/promql/parser_impl.h"
#include "storage/series/labels.h"

namespace vigil::promql {
namespace {

// Of `^`, the only operator that binds more tightly than a sign, and from right to left.
constexpr int kPowerPrecedence = 6;

int PrecedenceOf(TokenKind kind) {
  switch (kind) {
    case TokenKind::kOr:
      return 1;
    case TokenKind::kAnd:
    case TokenKind::kUnless:
      return 2;
    case TokenKind::kAdd:
    case TokenKind::kSub:
      return 4;
    case TokenKind::kMul:
    case TokenKind::kDiv:
    case TokenKind::kMod:
    case TokenKind::kAtan2:
      return 5;
    case TokenKind::kPow:
      return kPowerPrecedence;
    default:
      return 3;  // Comparisons and trims.
  }
}

BinaryOp BinaryOpOf(TokenKind kind) {
  switch (kind) {
    case TokenKind::kAtan2:
      return BinaryOp::kAtan2;
    case TokenKind::kAnd:
      return BinaryOp::kAnd;
    case TokenKind::kOr:
      return BinaryOp::kOr;
    case TokenKind::kUnless:
      return BinaryOp::kUnless;
    default:
      break;
  }
  // The others come in one order in both enumerations, but that BinaryOp has atan2 before ==.
  const int index = static_cast<int>(kind) - static_cast<int>(TokenKind::kAdd);
  return static_cast<BinaryOp>(kind < TokenKind::kEqual ? index : index + 1);
}

static_assert(static_cast<int>(TokenKind::kPow) - static_cast<int>(TokenKind::kAdd) ==
              static_cast<int>(BinaryOp::kPow));
static_assert(static_cast<int>(TokenKind::kTrimLower) - static_cast<int>(TokenKind::kAdd) + 1 ==
              static_cast<int>(BinaryOp::kTrimLower));

// The label that is both in on(...) and in the group clause, if there is one.
const std::string* SharedLabel(const VectorMatching& matching) {
  for (const std::string& label : matching.labels) {
    const auto found = std::find(matching.include.begin(), matching.include.end(), label);
    if (found != matching.include.end()) return &*found;
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<ExprPtr> Parser::ParseExpr(int min_precedence) {
  VIGIL_RETURN_IF_ERROR(CheckNesting(++depth_));
  absl::StatusOr<ExprPtr> expr = ParseOperators(min_precedence);
  --depth_;
  return expr;
}

absl::StatusOr<ExprPtr> Parser::ParseOperators(int min_precedence) {
  VIGIL_ASSIGN_OR_RETURN(ExprPtr expr, ParseUnary());
  while (IsOperator(Peek().kind) && PrecedenceOf(Peek().kind) >= min_precedence) {
    const Token op = Take();
    const int precedence = PrecedenceOf(op.kind);
    const int height = height_;
    VIGIL_ASSIGN_OR_RETURN(
        expr, ParseBinaryTail(std::move(expr), op,
                              precedence == kPowerPrecedence ? precedence : precedence + 1));
    VIGIL_RETURN_IF_ERROR(Raise(std::max(height, height_)));
  }
  return expr;
}

absl::StatusOr<ExprPtr> Parser::ParseBinaryTail(ExprPtr lhs, const Token& op, int rhs_precedence) {
  auto binary = std::make_unique<Binary>(BinaryOpOf(op.kind), ValueType::kVector);
  binary->return_bool = TakeIf(TokenKind::kBool);
  VIGIL_RETURN_IF_ERROR(ParseMatching(op, binary.get()));
  VIGIL_ASSIGN_OR_RETURN(binary->rhs, ParseExpr(rhs_precedence));
  binary->lhs = std::move(lhs);
  const bool scalars =
      binary->lhs->type == ValueType::kScalar && binary->rhs->type == ValueType::kScalar;
  if (scalars) binary->type = ValueType::kScalar;
  binary->span = {binary->lhs->span.begin, binary->rhs->span.end};
  return binary;
}

// The tree of an operator without any clause has no matching yet; the type checker adds it.
absl::Status Parser::ParseMatching(const Token& op, Binary* binary) {
  VectorMatching matching;
  const size_t start = at_;
  if (At(TokenKind::kOn) || At(TokenKind::kIgnoring)) {
    matching.on = Take().kind == TokenKind::kOn;
    VIGIL_ASSIGN_OR_RETURN(matching.labels, ParseLabelList());
    VIGIL_RETURN_IF_ERROR(ParseGroupModifier(&matching));
    const std::string* const shared = SharedLabel(matching);
    if (matching.on && shared != nullptr) {
      return ErrorAt(op.span, fmt::format("label {} must not occur in ON and GROUP clause at once",
                                          storage::Quote(*shared)));
    }
  }
  VIGIL_RETURN_IF_ERROR(ParseFill(&matching));
  if (at_ != start) binary->matching = std::move(matching);
  return absl::OkStatus();
}

absl::Status Parser::ParseGroupModifier(VectorMatching* matching) {
  if (TakeIf(TokenKind::kGroupLeft)) {
    matching->cardinality = VectorMatching::Cardinality::kManyToOne;
  } else if (TakeIf(TokenKind::kGroupRight)) {
    matching->cardinality = VectorMatching::Cardinality::kOneToMany;
  } else {
    return absl::OkStatus();
  }
  if (!At(TokenKind::kLeftParen)) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(matching->include, ParseLabelList());
  return absl::OkStatus();
}

absl::Status Parser::ParseFill(VectorMatching* matching) {
  if (TakeIf(TokenKind::kFill)) {
    VIGIL_ASSIGN_OR_RETURN(matching->fill_left, ParseFillValue());
    matching->fill_right = matching->fill_left;
    return absl::OkStatus();
  }
  if (TakeIf(TokenKind::kFillLeft)) {
    VIGIL_ASSIGN_OR_RETURN(matching->fill_left, ParseFillValue());
    if (!TakeIf(TokenKind::kFillRight)) return absl::OkStatus();
    VIGIL_ASSIGN_OR_RETURN(matching->fill_right, ParseFillValue());
  } else if (TakeIf(TokenKind::kFillRight)) {
    VIGIL_ASSIGN_OR_RETURN(matching->fill_right, ParseFillValue());
    if (!TakeIf(TokenKind::kFillLeft)) return absl::OkStatus();
    VIGIL_ASSIGN_OR_RETURN(matching->fill_left, ParseFillValue());
  }
  return absl::OkStatus();
}

absl::StatusOr<double> Parser::ParseFillValue() {
  constexpr std::string_view kContext = "fill";
  VIGIL_RETURN_IF_ERROR(Expect(TokenKind::kLeftParen, kContext, "\"(\""));
  const bool negative = At(TokenKind::kSub);
  if (negative || At(TokenKind::kAdd)) Take();
  if (!At(TokenKind::kNumber) && !At(TokenKind::kDuration)) return Unexpected(kContext, "number");
  VIGIL_ASSIGN_OR_RETURN(const double value, TakeNumber());
  VIGIL_RETURN_IF_ERROR(Expect(TokenKind::kRightParen, kContext, "\")\""));
  return negative ? -value : value;
}

// A sign before a number is part of it, but not in `-1^2`, which is -(1^2).
absl::StatusOr<ExprPtr> Parser::ParseUnary() {
  if (!At(TokenKind::kAdd) && !At(TokenKind::kSub)) return ParsePostfix();
  const Token sign = Take();
  const bool negate = sign.kind == TokenKind::kSub;
  VIGIL_ASSIGN_OR_RETURN(ExprPtr operand, ParseExpr(kPowerPrecedence));
  if (operand->kind == ExprKind::kNumber) {
    auto& number = static_cast<NumberLiteral&>(*operand);
    if (negate) number.value = -number.value;
    number.span.begin = sign.span.begin;
    return operand;
  }
  auto unary = std::make_unique<Unary>(operand->type);
  unary->negate = negate;
  unary->span = {sign.span.begin, operand->span.end};
  unary->expr = std::move(operand);
  VIGIL_RETURN_IF_ERROR(Raise(height_));
  return unary;
}

absl::StatusOr<ExprPtr> Parser::ParsePrimary() {
  height_ = 1;
  const bool open_follows = Peek(1).kind == TokenKind::kLeftParen;
  switch (const TokenKind kind = Peek().kind) {
    case TokenKind::kNumber:
    case TokenKind::kDuration:
      return ParseNumberLiteral();
    case TokenKind::kString:
      return ParseStringLiteral();
    case TokenKind::kLeftParen:
      return ParseParen();
    case TokenKind::kLeftBrace:
      return ParseSelector();
    case TokenKind::kAggregator:
      if (open_follows || Peek(1).kind == TokenKind::kBy || Peek(1).kind == TokenKind::kWithout) {
        return ParseAggregate();
      }
      return ParseSelector();
    default:
      if (open_follows && (kind == TokenKind::kIdentifier || kind >= TokenKind::kStart)) {
        return ParseCall();
      }
      if (IsMetricName(kind)) return ParseSelector();
      return Unexpected();
  }
}

absl::StatusOr<ExprPtr> Parser::ParseParen() {
  const Token open = Take();
  VIGIL_ASSIGN_OR_RETURN(ExprPtr inner, ParseExpr(0));
  const Token close = Peek();
  VIGIL_RETURN_IF_ERROR(Expect(TokenKind::kRightParen, {}, {}));
  auto paren = std::make_unique<Paren>(inner->type);
  paren->expr = std::move(inner);
  paren->span = {open.span.begin, close.span.end};
  VIGIL_RETURN_IF_ERROR(Raise(height_));
  return paren;
}

absl::StatusOr<ExprPtr> Parser::ParseNumberLiteral() {
  const Token token = Peek();
  VIGIL_ASSIGN_OR_RETURN(const double value, TakeNumber());
  auto number = std::make_unique<NumberLiteral>(value);
  number->is_duration = token.kind == TokenKind::kDuration;
  number->span = token.span;
  return number;
}

ExprPtr Parser::ParseStringLiteral() {
  const Token token = Take();
  auto literal = std::make_unique<StringLiteral>(StringOf(token));
  literal->span = token.span;
  return literal;
}

}  // namespace vigil::promql
