// SPDX-License-Identifier: Apache-2.0
#include "query/logql/log_lexer.h"

#include <algorithm>
#include <array>
#include <utility>

#include <absl/status/statusor.h>
#include <fmt/format.h>

#include "base/status.h"
#include "query/promql/string_literal.h"

namespace vigil::logql {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
// Longest first where one begins another; any other byte is a symbol of its own.
constexpr std::array<std::string_view, 11> kSymbols = {"|=", "|~", "|>", "!=", "!~", "!>",
                                                       "=~", "==", ">=", "<=", "--"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
// Also the bytes of the sign for micro.
bool IsQuantityByte(char c) {
  return IsDigit(c) || IsLetter(c) || c == '.' || static_cast<unsigned char>(c) >= 0x80;
}

size_t SymbolLength(std::string_view rest) {
  for (const std::string_view symbol : kSymbols) {
    if (rest.starts_with(symbol)) return symbol.size();
  }
  // A whole character.
  size_t length = 1;
  while (length < rest.size() && (static_cast<unsigned char>(rest[length]) & 0xC0) == 0x80) {
    ++length;
  }
  return length;
}

template <typename Predicate>
size_t LengthWhile(std::string_view rest, Predicate predicate) {
  return std::find_if_not(rest.begin(), rest.end(), predicate) - rest.begin();
}

// Kind and length of the token at the front of `rest`, which is not empty.
std::pair<LogToken, size_t> NextToken(std::string_view rest) {
  const char c = rest.front();
  if (c == '"' || c == '`') return {LogToken::kString, promql::StringLiteralLength(rest)};
  if (IsLetter(c)) {
    return {LogToken::kIdentifier,
            LengthWhile(rest, [](char letter) { return IsLetter(letter) || IsDigit(letter); })};
  }
  if (IsDigit(c) || (c == '.' && rest.size() > 1 && IsDigit(rest[1]))) {
    return {LogToken::kQuantity, LengthWhile(rest, IsQuantityByte)};
  }
  return {LogToken::kSymbol, SymbolLength(rest)};
}

size_t SkipBlanks(std::string_view query, size_t at) {
  while (at < query.size()) {
    if (query[at] == '#') {
      at = std::min(query.find('\n', at), query.size());
    } else if (kBlanks.find(query[at]) == std::string_view::npos) {
      break;
    } else {
      ++at;
    }
  }
  return at;
}

}  // namespace

LogLexResult LexLogQuery(std::string_view query) {
  LogLexResult result;
  size_t at = SkipBlanks(query, 0);
  while (at < query.size()) {
    const auto [kind, length] = NextToken(query.substr(at));
    if (length == 0) {
      result.error = "unterminated string";
    } else if (kind == LogToken::kString) {
      const absl::StatusOr<std::string> value = promql::UnquoteLiteral(query.substr(at, length));
      if (!value.ok()) result.error = MessageOf(value.status());
    }
    if (!result.error.empty()) {
      result.tokens.push_back({LogToken::kError, at, {}});
      return result;
    }
    result.tokens.push_back({kind, at, query.substr(at, length)});
    at = SkipBlanks(query, at + length);
  }
  result.tokens.push_back({LogToken::kEnd, query.size(), {}});
  return result;
}

}  // namespace vigil::logql
