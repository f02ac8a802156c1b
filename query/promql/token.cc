// SPDX-License-Identifier: Apache-2.0
#include "query/promql/token.h"

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "storage/series/labels.h"

namespace vigil::promql {
namespace {

// Names are quoted in messages up to this length: a message is not the place for a megabyte.
constexpr size_t kMaxQuotedBytes = 80;
// Literals only so far as to find them.
constexpr size_t kMaxQuotedLiteralCharacters = 10;

const StringMap<TokenKind>& Keywords() {
  static const auto* const keywords = new StringMap<TokenKind>{
      {"and", TokenKind::kAnd},
      {"or", TokenKind::kOr},
      {"unless", TokenKind::kUnless},
      {"atan2", TokenKind::kAtan2},
      {"offset", TokenKind::kOffset},
      {"anchored", TokenKind::kAnchored},
      {"smoothed", TokenKind::kSmoothed},
      {"by", TokenKind::kBy},
      {"without", TokenKind::kWithout},
      {"on", TokenKind::kOn},
      {"ignoring", TokenKind::kIgnoring},
      {"group_left", TokenKind::kGroupLeft},
      {"group_right", TokenKind::kGroupRight},
      {"bool", TokenKind::kBool},
      {"fill", TokenKind::kFill},
      {"fill_left", TokenKind::kFillLeft},
      {"fill_right", TokenKind::kFillRight},
      {"start", TokenKind::kStart},
      {"end", TokenKind::kEndWord},
      {"step", TokenKind::kStep},
      {"range", TokenKind::kRange},
      {"min_of", TokenKind::kMinOf},
      {"max_of", TokenKind::kMaxOf},
      {"inf", TokenKind::kNumber},
      {"nan", TokenKind::kNumber},
  };
  return *keywords;
}

const StringMap<AggregateOp>& Aggregators() {
  static const auto* const aggregators = [] {
    auto* const map = new StringMap<AggregateOp>;
    for (int op = 0; op <= static_cast<int>(AggregateOp::kLimitRatio); ++op) {
      map->emplace(AggregateOpText(static_cast<AggregateOp>(op)), static_cast<AggregateOp>(op));
    }
    return map;
  }();
  return *aggregators;
}

std::string_view KindName(TokenKind kind) {
  switch (kind) {
    case TokenKind::kIdentifier:
      return "identifier ";
    case TokenKind::kMetricIdentifier:
      return "metric identifier ";
    case TokenKind::kString:
      return "string ";
    case TokenKind::kNumber:
      return "number ";
    case TokenKind::kDuration:
      return "duration ";
    default:
      return "";
  }
}

bool IsLiteral(TokenKind kind) {
  return kind == TokenKind::kString || kind == TokenKind::kNumber || kind == TokenKind::kDuration;
}

// At most so many characters of UTF-8 from the front of `text`.
std::string_view FirstCharacters(std::string_view text, size_t characters) {
  size_t length = 0;
  for (; length < text.size(); ++length) {
    const bool continues = (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80;
    if (!continues && characters-- == 0) break;
  }
  return text.substr(0, length);
}

}  // namespace

TokenKind KeywordKind(std::string_view word) {
  const std::string lower = ToLower(word);
  if (Aggregators().contains(lower)) return TokenKind::kAggregator;
  const auto found = Keywords().find(lower);
  return found == Keywords().end() ? TokenKind::kIdentifier : found->second;
}

AggregateOp AggregateOpOf(std::string_view word) {
  const auto found = Aggregators().find(ToLower(word));
  VIGIL_CHECK(found != Aggregators().end());
  return found->second;
}

bool IsOperator(TokenKind kind) { return kind >= TokenKind::kAdd && kind <= TokenKind::kUnless; }

bool IsKeyword(TokenKind kind) { return kind >= TokenKind::kAtan2; }

bool IsMetricName(TokenKind kind) {
  switch (kind) {
    case TokenKind::kIdentifier:
    case TokenKind::kMetricIdentifier:
      return true;
    case TokenKind::kAtan2:
    case TokenKind::kBool:
    case TokenKind::kOn:
    case TokenKind::kIgnoring:
    case TokenKind::kGroupLeft:
    case TokenKind::kGroupRight:
      return false;
    default:
      return IsKeyword(kind);
  }
}

std::string DescribeToken(const Token& token, std::string_view text) {
  const std::string_view word = text.substr(token.span.begin, token.span.end - token.span.begin);
  if (token.kind == TokenKind::kEnd) return "end of input";
  if (token.kind == TokenKind::kAggregator) return fmt::format("<aggr:{}>", word);
  const bool matches =
      token.kind == TokenKind::kRegexMatch || token.kind == TokenKind::kRegexMismatch;
  if (matches || IsOperator(token.kind)) return fmt::format("<op:{}>", word);
  if (IsKeyword(token.kind) && token.kind < TokenKind::kStart) return fmt::format("<{}>", word);
  const std::string_view shown = IsLiteral(token.kind)
                                     ? FirstCharacters(word, kMaxQuotedLiteralCharacters)
                                     : word.substr(0, kMaxQuotedBytes);
  return fmt::format("{}{}{}", KindName(token.kind), storage::Quote(ReplaceInvalidUtf8(shown)),
                     shown.size() < word.size() ? "..." : "");
}

}  // namespace vigil::promql
