// SPDX-License-Identifier: Apache-2.0
#include "cli/shell/statement.h"

#include <algorithm>

#include "query/promql/lexer.h"
#include "query/promql/parser.h"

namespace vigil::cli {
namespace {

using promql::LexResult;
using promql::Token;
using promql::TokenKind;

// What cannot be the last word of a query.
bool AsksForMore(TokenKind kind) {
  return promql::IsOperator(kind) || kind == TokenKind::kBool || kind == TokenKind::kOffset ||
         kind == TokenKind::kAt || kind == TokenKind::kOn || kind == TokenKind::kIgnoring;
}

}  // namespace

bool IsUnfinished(std::string_view text) {
  if (text.size() > promql::kMaxQueryBytes) return false;
  const LexResult result = promql::Lex(text);
  const Token& end = result.tokens.back();
  if (end.kind == TokenKind::kError) {
    // A bracket too many is told behind it.
    if (end.span.begin == text.size()) return !result.error.starts_with("unexpected right");
    return text[end.span.begin] == '`';
  }
  return result.tokens.size() > 1 && AsksForMore(result.tokens[result.tokens.size() - 2].kind);
}

std::string OnOneLine(std::string_view text) {
  if (text.find('\n') == std::string_view::npos) return std::string(text);
  if (text.find('#') == std::string_view::npos) {
    std::string line(text);
    std::replace(line.begin(), line.end(), '\n', ' ');
    return line;
  }
  // White space between tokens means nothing, so one blank will do; a comment is none.
  std::string line;
  for (const Token& token : promql::Lex(text).tokens) {
    if (token.span.begin == token.span.end) continue;
    if (!line.empty()) line += ' ';
    line += text.substr(token.span.begin, token.span.end - token.span.begin);
  }
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

}  // namespace vigil::cli
