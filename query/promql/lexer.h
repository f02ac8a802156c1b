// SPDX-License-Identifier: Apache-2.0
//
// Text -> tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "query/promql/token.h"

namespace vigil::promql {

struct LexResult {
  std::vector<Token> tokens;  // Ends with kEnd, or with kError where `error` happened.
  std::string error;
};

// All tokens of `text`. Requires: `text` is at most kMaxQueryBytes long.
LexResult Lex(std::string_view text);

// `[a-zA-Z_][a-zA-Z0-9_]*`: what may stand for a label name without quotes.
bool IsIdentifier(std::string_view text);

}  // namespace vigil::promql
