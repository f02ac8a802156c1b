// SPDX-License-Identifier: Apache-2.0
#include "query/promql/parser.h"

#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/duration.h"
#include "base/status.h"
#include "base/strings.h"
#include "query/promql/number_literal.h"
#include "query/promql/parse_error.h"
#include "query/promql/parser_impl.h"
#include "query/promql/string_literal.h"
#include "query/promql/type_check.h"
#include "storage/series/labels.h"

namespace vigil::promql {
namespace {

absl::Status CheckLength(std::string_view text) {
  if (text.size() <= kMaxQueryBytes) return absl::OkStatus();
  return ParseErrorAt(text, 0, fmt::format("query is longer than {} bytes", kMaxQueryBytes));
}

}  // namespace

Token Parser::Take() {
  const Token token = Peek();
  if (at_ + 1 < lexed_.tokens.size()) ++at_;
  return token;
}

bool Parser::TakeIf(TokenKind kind) {
  if (!At(kind)) return false;
  Take();
  return true;
}

std::string Parser::StringOf(const Token& token) const {
  absl::StatusOr<std::string> value = UnquoteLiteral(TextOf(token));
  VIGIL_CHECK_OK(value);
  return *std::move(value);
}

absl::StatusOr<double> Parser::TakeNumber() {
  const Token token = Take();
  const std::string_view text = TextOf(token);
  if (token.kind == TokenKind::kDuration) {
    const std::string fault = DurationFault(text);
    if (!fault.empty()) return ErrorAt(token.span, fault);
    const absl::StatusOr<int64_t> duration_ms = ParseDurationMs(text);
    VIGIL_CHECK_OK(duration_ms);
    return static_cast<double>(*duration_ms) / 1000;
  }
  const std::optional<double> number = ParseNumber(text);
  // Inf itself is not too large.
  const bool too_large = number.has_value() && std::isinf(*number) &&
                         text.find_first_of("iI") == std::string_view::npos;
  if (number.has_value() && !too_large) return *number;
  // As Go words it, in which Prometheus is written.
  return ErrorAt(token.span, fmt::format("error parsing number: strconv.ParseFloat: parsing {}: {}",
                                         storage::Quote(text),
                                         too_large ? "value out of range" : "invalid syntax"));
}

absl::Status Parser::ErrorAt(const Span& span, std::string_view message) const {
  return ParseErrorAt(text_, span.begin, message);
}

absl::Status Parser::Unexpected(std::string_view context, std::string_view expected) const {
  const Token& token = Peek();
  if (token.kind == TokenKind::kError) return ErrorAt(token.span, lexed_.error);
  std::string message = "unexpected " + DescribeToken(token, text_);
  if (context.empty() && aggregations_ > 0) context = "aggregation";
  if (!context.empty()) message += fmt::format(" in {}", context);
  if (!expected.empty()) message += fmt::format(", expected {}", expected);
  return ErrorAt(token.span, message);
}

absl::Status Parser::Expect(TokenKind kind, std::string_view context, std::string_view expected) {
  return TakeIf(kind) ? absl::OkStatus() : Unexpected(context, expected);
}

absl::Status Parser::CheckNesting(int levels) const {
  if (levels <= kMaxNesting) return absl::OkStatus();
  return ErrorAt(Peek().span, fmt::format("expression nests deeper than {} levels", kMaxNesting));
}

absl::Status Parser::Raise(int child_height) {
  height_ = child_height + 1;
  return CheckNesting(height_);
}

absl::StatusOr<ExprPtr> Parser::ParseQuery() {
  if (At(TokenKind::kEnd)) {
    constexpr std::string_view kNothing = "no expression found in input";
    if (!text_.empty()) return ErrorAt({}, kNothing);
    return absl::InvalidArgumentError(fmt::format("unknown position: parse error: {}", kNothing));
  }
  VIGIL_ASSIGN_OR_RETURN(ExprPtr expr, ParseExpr(0));
  if (!At(TokenKind::kEnd)) return Unexpected();
  return expr;
}

absl::StatusOr<std::unique_ptr<VectorSelector>> Parser::ParseLoneSelector() {
  if (text_.empty()) {
    return absl::InvalidArgumentError("unknown position: parse error: unexpected end of input");
  }
  if (!IsMetricName(Peek().kind) && !At(TokenKind::kLeftBrace)) return Unexpected();
  VIGIL_ASSIGN_OR_RETURN(auto selector, ParseSelector());
  if (!At(TokenKind::kEnd)) return Unexpected();
  return selector;
}

absl::StatusOr<ExprPtr> ParseExpr(std::string_view query, const ParseOptions& options) {
  VIGIL_RETURN_IF_ERROR(CheckLength(query));
  VIGIL_ASSIGN_OR_RETURN(ExprPtr expr, Parser(query, options).ParseQuery());
  VIGIL_RETURN_IF_ERROR(CheckTypes(query, expr.get()));
  return expr;
}

absl::StatusOr<std::vector<storage::Matcher>> ParseSelector(std::string_view text) {
  VIGIL_RETURN_IF_ERROR(CheckLength(text));
  VIGIL_ASSIGN_OR_RETURN(const auto selector, Parser(text).ParseLoneSelector());
  VIGIL_RETURN_IF_ERROR(CheckMetricName(text, *selector));
  return std::move(selector->matchers);
}

absl::StatusOr<storage::Labels> ParseSeries(std::string_view text) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<storage::Matcher> matchers, ParseSelector(text));
  std::vector<storage::Label> labels;
  StringSet names;
  for (const storage::Matcher& matcher : matchers) {
    if (matcher.type() != storage::MatchType::kEqual) {
      return ParseErrorAt(
          text, 0, fmt::format("a series has labels with \"=\" only, got {}", matcher.ToString()));
    }
    if (!names.insert(matcher.name()).second) {
      return ParseErrorAt(text, 0,
                          fmt::format("label {} is given twice", storage::Quote(matcher.name())));
    }
    labels.push_back({matcher.name(), matcher.value()});
  }
  return storage::Labels(std::move(labels));
}

}  // namespace vigil::promql
