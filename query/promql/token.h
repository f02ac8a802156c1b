// SPDX-License-Identifier: Apache-2.0
//
// What the lexer cuts a query into, and how these pieces are grouped and called.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "query/promql/ast.h"

namespace vigil::promql {

enum class TokenKind : uint8_t {
  kError,  // Where the lexer gave up; the last token.
  kEnd,    // Otherwise the last token.
  kIdentifier,
  kMetricIdentifier,  // An identifier with a colon.
  kString,            // Quotes included; known to be well-formed.
  kNumber,            // Also Inf and NaN. It may be none: `0x`, `1e`.
  kDuration,          // Likewise: `5m3h`.
  kLeftParen,
  kRightParen,
  kLeftBrace,
  kRightBrace,
  kLeftBracket,
  kRightBracket,
  kComma,
  kColon,
  kAt,
  kAssign,         // `=`
  kRegexMatch,     // `=~`
  kRegexMismatch,  // `!~`
  // Operators of expressions. kNotEqual also serves in label matchers.
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kPow,
  kEqual,
  kNotEqual,
  kGreater,
  kLess,
  kGreaterOrEqual,
  kLessOrEqual,
  kTrimUpper,
  kTrimLower,
  kAtan2,
  kAnd,
  kOr,
  kUnless,
  // Words with a meaning. None of them is told apart inside braces.
  kAggregator,
  kOffset,
  kAnchored,
  kSmoothed,
  kBy,
  kWithout,
  kOn,
  kIgnoring,
  kGroupLeft,
  kGroupRight,
  kBool,
  kFill,
  kFillLeft,
  kFillRight,
  kStart,
  kEndWord,
  kStep,
  kRange,
  kMinOf,
  kMaxOf,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Span span;
};

// The keyword that `word` is in any case, kNumber for Inf and NaN, kIdentifier for other words.
TokenKind KeywordKind(std::string_view word);

// The operator of that name in any case. Requires: `word` lexes as kAggregator.
AggregateOp AggregateOpOf(std::string_view word);

// Arithmetic, comparison and set operators.
bool IsOperator(TokenKind kind);
// Words, the aggregators among them, and word operators: what may also be a label name.
bool IsKeyword(TokenKind kind);
// What may be written as the name of a metric before or without braces.
bool IsMetricName(TokenKind kind);

// What `token` of `text` is called in error messages: `identifier "x"`, `<op:+>`, `end of input`.
std::string DescribeToken(const Token& token, std::string_view text);

}  // namespace vigil::promql
