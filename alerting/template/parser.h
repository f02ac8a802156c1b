// SPDX-License-Identifier: Apache-2.0
//
// Tokens -> syntax tree.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/template/ast.h"

namespace vigil::text_template {

// Control structures and parentheses nest at most this deep: parser and evaluator recurse.
inline constexpr int kMaxParseDepth = 100;

// The main template, first, and those it defines, in the order of the text. InvalidArgument reads
// "template: NAME:LINE:COL: what is wrong".
absl::StatusOr<std::vector<std::shared_ptr<const ParsedTemplate>>> ParseTemplates(
    std::string_view name, std::string_view source);

}  // namespace vigil::text_template
