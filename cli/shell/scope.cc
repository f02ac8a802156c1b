// SPDX-License-Identifier: Apache-2.0
#include "cli/shell/scope.h"

#include <utility>

#include "query/promql/lexer.h"
#include "query/promql/parser.h"

namespace vigil::cli {
namespace {

using promql::Token;
using promql::TokenKind;

// What grows by typing on: a word, or a number that may become a duration.
bool IsWord(std::string_view text) {
  const char c = text.front();
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == ':';
}

std::optional<Scope::Kind> Opens(TokenKind kind) {
  if (kind == TokenKind::kLeftParen) return Scope::Kind::kParen;
  if (kind == TokenKind::kLeftBrace) return Scope::Kind::kBraces;
  if (kind == TokenKind::kLeftBracket) return Scope::Kind::kBrackets;
  return std::nullopt;
}

bool Closes(TokenKind kind) {
  return kind == TokenKind::kRightParen || kind == TokenKind::kRightBrace ||
         kind == TokenKind::kRightBracket;
}

std::vector<Scope> ScopesOf(const std::vector<Token>& tokens) {
  std::vector<Scope> scopes;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const TokenKind kind = tokens[i].kind;
    if (const std::optional<Scope::Kind> opened = Opens(kind); opened.has_value()) {
      Scope scope;
      scope.kind = *opened;
      if (i > 0) scope.before = tokens[i - 1];
      scope.first_token = i + 1;
      scopes.push_back(scope);
    } else if (Closes(kind) && !scopes.empty()) {
      scopes.pop_back();
    } else if (kind == TokenKind::kComma && !scopes.empty()) {
      ++scopes.back().argument;
    }
  }
  return scopes;
}

}  // namespace

Place Locate(std::string_view text) {
  Place place;
  place.text = text;
  place.word_begin = text.size();
  if (text.size() > promql::kMaxQueryBytes) {
    place.lost = true;
    return place;
  }
  place.tokens = promql::Lex(text).tokens;
  const Token end = place.tokens.back();
  place.tokens.pop_back();
  if (end.kind == TokenKind::kError && end.span.begin < text.size()) {
    const char c = text[end.span.begin];
    if (c == '"' || c == '\'' || c == '`') {
      place.open_string = end.span.begin;
    } else if (text.find_first_of(" \t\n,(){}[]", end.span.begin) == std::string_view::npos &&
               IsWord(text.substr(end.span.begin))) {
      // Digits with half a unit behind them.
      place.word_begin = end.span.begin;
    } else {
      place.lost = true;
    }
  }
  if (!place.open_string.has_value() && !place.tokens.empty()) {
    const Token last = place.tokens.back();
    if (last.kind != TokenKind::kColon && last.span.end == text.size() &&
        IsWord(text.substr(last.span.begin))) {
      place.word_begin = last.span.begin;
      place.tokens.pop_back();
    }
  }
  place.scopes = ScopesOf(place.tokens);
  return place;
}

}  // namespace vigil::cli
