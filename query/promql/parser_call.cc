// SPDX-License-Identifier: Apache-2.0
//
// Functions, aggregations and lists of labels.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "query/promql/functions.h"
#include "query/promql/parser_impl.h"
#include "storage/series/labels.h"

namespace vigil::promql {
namespace {

bool TakesParameter(AggregateOp op) {
  switch (op) {
    case AggregateOp::kTopk:
    case AggregateOp::kBottomk:
    case AggregateOp::kCountValues:
    case AggregateOp::kQuantile:
    case AggregateOp::kLimitk:
    case AggregateOp::kLimitRatio:
      return true;
    default:
      return false;
  }
}

// Whether an expression may begin with such a token.
bool BeginsExpr(TokenKind kind) {
  switch (kind) {
    case TokenKind::kNumber:
    case TokenKind::kDuration:
    case TokenKind::kString:
    case TokenKind::kLeftParen:
    case TokenKind::kLeftBrace:
    case TokenKind::kAdd:
    case TokenKind::kSub:
      return true;
    default:
      return IsMetricName(kind);
  }
}

constexpr std::string_view kGroupingContext = "grouping opts";

}  // namespace

absl::StatusOr<ExprPtr> Parser::ParseCall() {
  const Token name = Take();
  // start, end and the like are keywords, which are the same in any case.
  const std::string name_text =
      name.kind == TokenKind::kIdentifier ? std::string(TextOf(name)) : ToLower(TextOf(name));
  VIGIL_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, ParseArguments());
  const FunctionSignature* const function = FindFunction(name_text);
  if (function == nullptr) {
    return ErrorAt(name.span, fmt::format("unknown function with name {}",
                                          storage::Quote(name_text.substr(0, 80))));
  }
  if (function->experimental && !options_.experimental_functions) {
    return ErrorAt(name.span, fmt::format("function {} is not enabled", storage::Quote(name_text)));
  }
  auto call = std::make_unique<Call>(function, function->result);
  call->args = std::move(args);
  call->span = {name.span.begin, lexed_.tokens[at_ - 1].span.end};
  return call;
}

absl::StatusOr<std::vector<ExprPtr>> Parser::ParseArguments() {
  VIGIL_RETURN_IF_ERROR(Expect(TokenKind::kLeftParen, {}, {}));
  std::vector<ExprPtr> args;
  int height = 0;
  while (!At(TokenKind::kRightParen) || !args.empty()) {
    VIGIL_ASSIGN_OR_RETURN(ExprPtr arg, ParseExpr(0));
    args.push_back(std::move(arg));
    height = std::max(height, height_);
    if (At(TokenKind::kRightParen)) break;
    const Token comma = Peek();
    VIGIL_RETURN_IF_ERROR(Expect(TokenKind::kComma, {}, {}));
    if (!BeginsExpr(Peek().kind) && !At(TokenKind::kError)) {
      return ErrorAt(comma.span, "trailing commas not allowed in function call args");
    }
  }
  Take();
  VIGIL_RETURN_IF_ERROR(Raise(height));
  return args;
}

absl::StatusOr<ExprPtr> Parser::ParseAggregate() {
  const Token name = Take();
  auto aggregate = std::make_unique<Aggregate>(AggregateOpOf(TextOf(name)));
  const bool experimental =
      aggregate->op == AggregateOp::kLimitk || aggregate->op == AggregateOp::kLimitRatio;
  if (experimental && !options_.experimental_functions) {
    return ErrorAt(name.span, fmt::format("{}() is experimental and must be enabled with "
                                          "--enable-feature=promql-experimental-functions",
                                          ToLower(TextOf(name))));
  }
  ++aggregations_;
  absl::StatusOr<std::vector<ExprPtr>> parsed = ParseAggregateTail(aggregate.get());
  --aggregations_;
  VIGIL_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, std::move(parsed));
  aggregate->span = {name.span.begin, lexed_.tokens[at_ - 1].span.end};
  // Until it is seen that no grouping follows, nothing is said of the arguments.
  if (!aggregate->has_grouping && At(TokenKind::kError)) return Unexpected();
  if (args.empty()) {
    return ErrorAt(aggregate->span, "no arguments for aggregate expression provided");
  }
  const size_t wanted = TakesParameter(aggregate->op) ? 2 : 1;
  if (args.size() != wanted) {
    return ErrorAt(aggregate->span,
                   fmt::format("wrong number of arguments for aggregate expression provided, "
                               "expected {}, got {}",
                               wanted, args.size()));
  }
  aggregate->expr = std::move(args.back());
  if (wanted == 2) aggregate->param = std::move(args.front());
  return aggregate;
}

absl::StatusOr<std::vector<ExprPtr>> Parser::ParseAggregateTail(Aggregate* aggregate) {
  VIGIL_RETURN_IF_ERROR(ParseGrouping(aggregate));
  VIGIL_ASSIGN_OR_RETURN(std::vector<ExprPtr> args, ParseArguments());
  if (!aggregate->has_grouping) VIGIL_RETURN_IF_ERROR(ParseGrouping(aggregate));
  return args;
}

absl::Status Parser::ParseGrouping(Aggregate* aggregate) {
  if (!At(TokenKind::kBy) && !At(TokenKind::kWithout)) return absl::OkStatus();
  aggregate->has_grouping = true;
  aggregate->without = Take().kind == TokenKind::kWithout;
  VIGIL_ASSIGN_OR_RETURN(aggregate->grouping, ParseLabelList());
  return absl::OkStatus();
}

// A trailing comma is allowed here.
absl::StatusOr<std::vector<std::string>> Parser::ParseLabelList() {
  VIGIL_RETURN_IF_ERROR(Expect(TokenKind::kLeftParen, kGroupingContext, "\"(\""));
  std::vector<std::string> labels;
  while (!At(TokenKind::kRightParen)) {
    VIGIL_ASSIGN_OR_RETURN(std::string label, ParseLabel());
    labels.push_back(std::move(label));
    if (At(TokenKind::kRightParen)) break;
    VIGIL_RETURN_IF_ERROR(Expect(TokenKind::kComma, kGroupingContext, "\",\" or \")\""));
  }
  Take();
  return labels;
}

absl::StatusOr<std::string> Parser::ParseLabel() {
  const Token token = Peek();
  if (token.kind == TokenKind::kString) {
    std::string label = StringOf(Take());
    if (!label.empty()) return label;
    return ErrorAt(token.span, "invalid label name for grouping: \"\"");
  }
  // Keywords are labels too, but `inf` and `nan` are numbers.
  const bool is_label = token.kind != TokenKind::kNumber && IsIdentifier(TextOf(token));
  if (!is_label && token.kind != TokenKind::kMetricIdentifier) {
    return Unexpected(kGroupingContext, "label");
  }
  return std::string(TextOf(Take()));
}

}  // namespace vigil::promql
