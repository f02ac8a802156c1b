// SPDX-License-Identifier: Apache-2.0
//
// Finds what a template mentions but nobody gives it: functions, variables, templates.
#pragma once

#include <string>
#include <vector>

#include <absl/status/status.h>

#include "alerting/template/ast.h"
#include "alerting/template/evaluator.h"
#include "alerting/template/template.h"

namespace vigil::text_template {

struct CheckContext {
  const FunctionSet& functions;
  const Definitions* definitions = nullptr;  // Null: calls of templates are not looked at.
};

// `variables` are those that exist from the start. InvalidArgument names the first mistake.
absl::Status CheckTemplate(const ParsedTemplate& parsed, const std::vector<std::string>& variables,
                           const CheckContext& context);

}  // namespace vigil::text_template
