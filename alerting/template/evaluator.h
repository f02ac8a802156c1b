// SPDX-License-Identifier: Apache-2.0
//
// Runs a syntax tree.
#pragma once

#include <memory>
#include <string>

#include <absl/status/statusor.h>

#include "alerting/template/ast.h"
#include "alerting/template/template.h"

namespace vigil::text_template {

using Definitions = StringMap<std::shared_ptr<const ParsedTemplate>>;

// What one run works with.
struct Run {
  const Definitions& definitions;
  const FunctionSet& functions;
  const Variables& variables;
  const Limits& limits;
};

absl::StatusOr<std::string> Evaluate(const ParsedTemplate& main, const Value& root, const Run& run);

// Whether the evaluator itself answers to the function `name`: and, or, call.
bool IsSpecialFunction(std::string_view name);

}  // namespace vigil::text_template
