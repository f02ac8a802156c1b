// SPDX-License-Identifier: Apache-2.0
#include "query/promql/token.h"

#include <fmt/format.h>

#include "base/status.h"
#include "base/strings.h"
#include "storage/series/labels.h"

namespace vigil::promql {
namespace {

// Tokens are quoted in messages up to this length: a message is not the place for a megabyte.
constexpr size_t kMaxQuotedBytes = 80;

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
  if (IsOperator(token.kind)) return fmt::format("<op:{}>", word);
  if (IsKeyword(token.kind) && token.kind < TokenKind::kStart) return fmt::format("<{}>", word);
  const bool cut = word.size() > kMaxQuotedBytes;
  const std::string shown = ReplaceInvalidUtf8(word.substr(0, kMaxQuotedBytes));
  return fmt::format("{}{}{}", KindName(token.kind), storage::Quote(shown), cut ? "..." : "");
}

}  // namespace vigil::promql
