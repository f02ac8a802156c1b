// SPDX-License-Identifier: Apache-2.0
//
// LogQL text -> tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vigil::logql {

enum class LogToken : uint8_t {
  kError,  // Where the lexer gave up; the last token.
  kEnd,    // Otherwise the last token.
  kIdentifier,
  kString,    // Quotes included; known to be well-formed.
  kQuantity,  // A number, perhaps with units.
  kSymbol,    // Everything else.
};

struct LogTokenAt {
  LogToken kind = LogToken::kEnd;
  size_t offset = 0;
  std::string_view text;  // Points into the query.
};

struct LogLexResult {
  std::vector<LogTokenAt> tokens;
  std::string error;
};

LogLexResult LexLogQuery(std::string_view query);

}  // namespace vigil::logql
