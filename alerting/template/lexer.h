// SPDX-License-Identifier: Apache-2.0
//
// Template text -> tokens. Trim markers and comments are dealt with here and not seen by the
// parser.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/template/ast.h"

namespace vigil::text_template {

enum class TokenKind : uint8_t {
  kText,        // Between actions, already trimmed; never empty.
  kLeftDelim,   // {{
  kRightDelim,  // }}
  kSpace,       // White space inside an action.
  kIdentifier,  // A function or a keyword.
  kField,       // .Name
  kVariable,    // $ or $name
  kString,      // "text" or `text`
  kChar,        // 'c'
  kNumber,
  kDot,  // A lone "."
  kPipe,
  kComma,
  kLeftParen,
  kRightParen,
  kDeclare,  // :=
  kAssign,   // =
  kEnd,      // Of the text.
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;  // Into the source.
  Span span;
};

// The tokens of `source`, the last one kEnd. InvalidArgument "template: NAME:LINE:COL: ...".
absl::StatusOr<std::vector<Token>> Lex(std::string_view name, std::string_view source);

// The error of Lex and of the parser.
absl::Status SyntaxError(std::string_view name, std::string_view source, size_t offset,
                         std::string_view message);

}  // namespace vigil::text_template
