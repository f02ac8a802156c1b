// SPDX-License-Identifier: Apache-2.0
//
// Selectors: the name and the matchers in braces.
#include <utility>

#include <fmt/format.h>

#include "base/status.h"
#include "query/promql/parser_impl.h"
#include "storage/series/labels.h"

namespace vigil::promql {
namespace {

constexpr std::string_view kContext = "label matching";

}  // namespace

absl::StatusOr<std::unique_ptr<VectorSelector>> Parser::ParseSelector() {
  auto selector = std::make_unique<VectorSelector>();
  selector->span.begin = Peek().span.begin;
  height_ = 1;
  if (!At(TokenKind::kLeftBrace)) {
    selector->name = TextOf(Take());
    selector->matchers.push_back(
        storage::Matcher::Equal(std::string(storage::kMetricName), selector->name));
  }
  if (At(TokenKind::kLeftBrace)) VIGIL_RETURN_IF_ERROR(ParseMatchers(selector.get()));
  selector->span.end = lexed_.tokens[at_ - 1].span.end;
  return selector;
}

absl::Status Parser::ParseMatchers(VectorSelector* selector) {
  Take();
  std::string quoted_name;
  while (!At(TokenKind::kRightBrace)) {
    VIGIL_RETURN_IF_ERROR(ParseMatcher(selector, &quoted_name));
    if (At(TokenKind::kRightBrace)) break;
    VIGIL_RETURN_IF_ERROR(Expect(TokenKind::kComma, kContext, "\",\" or \"}\""));
  }
  Take();
  return absl::OkStatus();
}

// A string alone is the name of the metric; `*quoted_name` remembers it. One beside a name before
// the braces is for the type checker, as any matcher of the name.
absl::Status Parser::ParseMatcher(VectorSelector* selector, std::string* quoted_name) {
  if (!At(TokenKind::kIdentifier) && !At(TokenKind::kString)) {
    return Unexpected(kContext, "identifier or \"}\"");
  }
  const Token label = Take();
  using storage::MatchType;
  switch (Peek().kind) {
    case TokenKind::kAssign:
      return AddMatcher(selector, label, MatchType::kEqual, Take());
    case TokenKind::kNotEqual:
      return AddMatcher(selector, label, MatchType::kNotEqual, Take());
    case TokenKind::kRegexMatch:
      return AddMatcher(selector, label, MatchType::kRegex, Take());
    case TokenKind::kRegexMismatch:
      return AddMatcher(selector, label, MatchType::kNotRegex, Take());
    default:
      break;
  }
  if (label.kind != TokenKind::kString) return Unexpected(kContext, "label matching operator");
  std::string name = StringOf(label);
  if (selector->name.empty() && !quoted_name->empty()) {
    return ErrorAt(selector->span, fmt::format("metric name must not be set twice: {} or {}",
                                               storage::Quote(*quoted_name), storage::Quote(name)));
  }
  *quoted_name = name;
  selector->matchers.push_back(
      storage::Matcher::Equal(std::string(storage::kMetricName), std::move(name)));
  return absl::OkStatus();
}

absl::Status Parser::AddMatcher(VectorSelector* selector, const Token& label,
                                storage::MatchType type, const Token& operation) {
  if (!At(TokenKind::kString)) return Unexpected(kContext, "string");
  const Token value = Take();
  std::string name =
      label.kind == TokenKind::kString ? StringOf(label) : std::string(TextOf(label));
  if (name.empty()) return ErrorAt(label.span, "invalid label name: \"\"");
  const bool regex = type == storage::MatchType::kRegex || type == storage::MatchType::kNotRegex;
  if (regex && ++regex_matchers_ > kMaxRegexMatchers) {
    return ErrorAt(operation.span,
                   fmt::format("more than {} regular expressions in one query", kMaxRegexMatchers));
  }
  absl::StatusOr<storage::Matcher> matcher =
      storage::Matcher::Create(type, std::move(name), StringOf(value));
  if (!matcher.ok()) return ErrorAt(label.span, MessageOf(matcher.status()));
  selector->matchers.push_back(*std::move(matcher));
  return absl::OkStatus();
}

}  // namespace vigil::promql
