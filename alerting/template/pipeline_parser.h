// SPDX-License-Identifier: Apache-2.0
//
// The parser's lower half: pipelines, commands, operands.
#pragma once

#include <memory>
#include <string_view>

#include <absl/status/statusor.h>

#include "alerting/template/ast.h"
#include "alerting/template/token_stream.h"

namespace vigil::text_template {

// if, range, define and the like: they are not functions.
bool IsKeyword(std::string_view word);

// A pipeline through `end` (kRightDelim or kRightParen), which is taken too. `context` is what it
// belongs to, for messages; in "range" it may declare two variables.
absl::StatusOr<std::shared_ptr<const Pipeline>> ParsePipeline(TokenStream* stream,
                                                              std::string_view context,
                                                              TokenKind end);

}  // namespace vigil::text_template
