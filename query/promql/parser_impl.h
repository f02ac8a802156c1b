// SPDX-License-Identifier: Apache-2.0
//
// The recursive-descent parser, private to this folder. Its functions are spread over parser.cc
// (entry, tokens), parser_expr.cc (operators), parser_call.cc (functions, aggregations, label
// lists), parser_selector.cc (matchers), parser_modifier.cc (ranges, offset, @) and
// parser_duration.cc.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "query/promql/ast.h"
#include "query/promql/lexer.h"
#include "query/promql/parser.h"

namespace vigil::promql {

// Regular expressions of one query: each costs some kilobytes once compiled.
inline constexpr int kMaxRegexMatchers = 2000;

using DurationPtr = std::unique_ptr<DurationExpr>;

// Parses one text, once. Makes the tree with its value types; whether they fit is for the type
// checker. Every function expects to stand at the first token of what it parses, and stops behind
// the last.
class Parser {
 public:
  // Requires: `text` is at most kMaxQueryBytes long and outlives the parser.
  explicit Parser(std::string_view text, const ParseOptions& options = {})
      : text_(text), options_(options), lexed_(Lex(text)) {}

  // The whole text as an expression, or as a selector without modifiers.
  absl::StatusOr<ExprPtr> ParseQuery();
  absl::StatusOr<std::unique_ptr<VectorSelector>> ParseLoneSelector();

 private:
  // Which modifiers the selector or subquery at hand has already.
  struct Modifiers {
    bool offset = false;
    bool at = false;
    bool anchored = false;
    bool smoothed = false;
  };

  // Tokens. The last one is never passed.
  const Token& Peek(size_t ahead = 0) const {
    return lexed_.tokens[std::min(at_ + ahead, lexed_.tokens.size() - 1)];
  }
  bool At(TokenKind kind) const { return Peek().kind == kind; }
  Token Take();
  bool TakeIf(TokenKind kind);
  std::string_view TextOf(const Token& token) const {
    return text_.substr(token.span.begin, token.span.end - token.span.begin);
  }
  // The value of a string token; the lexer has seen to it that there is one.
  std::string StringOf(const Token& token) const;
  // Requires: a number or duration comes next. It may turn out to be none.
  absl::StatusOr<double> TakeNumber();

  // Errors. Unexpected is about the next token: "unexpected TOKEN in CONTEXT, expected WHAT". Where
  // no context is named, an aggregation around it is.
  absl::Status ErrorAt(const Span& span, std::string_view message) const;
  absl::Status Unexpected(std::string_view context = {}, std::string_view expected = {}) const;
  absl::Status Expect(TokenKind kind, std::string_view context, std::string_view expected);
  absl::Status CheckNesting(int levels) const;
  // Notes that the expression at hand is one level higher than `child_height`, within the limit.
  absl::Status Raise(int child_height);

  // Expressions whose operators all bind at least as tightly as `min_precedence`.
  absl::StatusOr<ExprPtr> ParseExpr(int min_precedence);
  absl::StatusOr<ExprPtr> ParseOperators(int min_precedence);
  absl::StatusOr<ExprPtr> ParseBinaryTail(ExprPtr lhs, const Token& op, int rhs_precedence);
  absl::Status ParseMatching(const Token& op, Binary* binary);
  absl::Status ParseGroupModifier(VectorMatching* matching);
  absl::Status ParseFill(VectorMatching* matching);
  absl::StatusOr<double> ParseFillValue();
  absl::StatusOr<ExprPtr> ParseUnary();
  absl::StatusOr<ExprPtr> ParsePrimary();
  absl::StatusOr<ExprPtr> ParseParen();
  absl::StatusOr<ExprPtr> ParseNumberLiteral();
  ExprPtr ParseStringLiteral();

  absl::StatusOr<ExprPtr> ParseCall();
  absl::StatusOr<ExprPtr> ParseAggregate();
  absl::StatusOr<std::vector<ExprPtr>> ParseAggregateTail(Aggregate* aggregate);
  absl::Status ParseGrouping(Aggregate* aggregate);
  absl::StatusOr<std::vector<ExprPtr>> ParseArguments();
  absl::StatusOr<std::vector<std::string>> ParseLabelList();
  absl::StatusOr<std::string> ParseLabel();

  absl::StatusOr<std::unique_ptr<VectorSelector>> ParseSelector();
  absl::Status ParseMatchers(VectorSelector* selector);
  absl::Status ParseMatcher(VectorSelector* selector, std::string* quoted_name);
  absl::Status AddMatcher(VectorSelector* selector, const Token& label, storage::MatchType type,
                          const Token& operation);

  absl::StatusOr<ExprPtr> ParsePostfix();
  absl::StatusOr<ExprPtr> ParseBrackets(ExprPtr expr, const Modifiers& modifiers);
  absl::StatusOr<ExprPtr> MakeMatrix(ExprPtr expr, const Modifiers& modifiers, const Token& open);
  absl::Status ParseOffset(Expr* expr, Modifiers* modifiers);
  absl::Status ParseAt(Expr* expr, Modifiers* modifiers);
  // `where` is of what the time is for.
  absl::Status ParseAtTime(const Span& where, TimeShift* shift);
  absl::Status ParseBoundary(Expr* expr, Modifiers* modifiers);

  // `context` names in errors where the duration stands.
  static constexpr std::string_view kRangeContext = "subquery or range selector";
  static constexpr std::string_view kStepContext = "subquery selector";
  absl::StatusOr<DurationPtr> ParseDuration(int min_precedence, std::string_view context);
  absl::StatusOr<DurationPtr> ParseDurationOperators(int min_precedence, std::string_view context);
  absl::StatusOr<DurationPtr> ParseDurationOperand(std::string_view context);
  absl::StatusOr<DurationPtr> ParseDurationPrimary(std::string_view context);
  absl::Status MissDuration(std::string_view context) const;
  absl::StatusOr<DurationPtr> ParseDurationCall(DurationExpr::Op op, std::string_view context);
  absl::StatusOr<DurationPtr> ParseOffsetDuration();
  // Puts a plain literal into `*ms` and anything else into `*expr`.
  absl::Status StoreDuration(DurationPtr duration, bool must_be_positive, int64_t* ms,
                             DurationPtr* expr) const;

  const std::string_view text_;
  const ParseOptions options_;
  const LexResult lexed_;
  size_t at_ = 0;
  int depth_ = 0;         // Of the recursion.
  int height_ = 0;        // Of the tree parsed last.
  int aggregations_ = 0;  // That are being parsed.
  int regex_matchers_ = 0;
};

}  // namespace vigil::promql
