// SPDX-License-Identifier: Apache-2.0
//
// Where a place in an unfinished query lies: in which brackets, behind which token, in which word.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/promql/token.h"

namespace vigil::cli {

// An open bracket around the place.
struct Scope {
  enum class Kind { kParen, kBraces, kBrackets };
  Kind kind = Kind::kParen;
  // The token before the bracket, if there is one: a function, `by`, a metric.
  std::optional<promql::Token> before;
  size_t first_token = 0;  // The one behind the bracket.
  size_t argument = 0;     // Commas since.
};

struct Place {
  std::string_view text;              // Up to the place.
  std::vector<promql::Token> tokens;  // Complete ones before the word or string at the place.
  std::vector<Scope> scopes;          // From outer to inner.
  std::optional<size_t> open_string;  // Where a string begins that has not ended.
  size_t word_begin = 0;              // Of the word or number that ends at the place.
  bool lost = false;                  // The text before makes no sense.

  std::string_view word() const { return text.substr(word_begin); }
  std::string_view TextOf(const promql::Token& token) const {
    return text.substr(token.span.begin, token.span.end - token.span.begin);
  }
  const promql::Token* last() const { return tokens.empty() ? nullptr : &tokens.back(); }
};

// The place at the end of `text`, which must outlive it.
Place Locate(std::string_view text);

}  // namespace vigil::cli
