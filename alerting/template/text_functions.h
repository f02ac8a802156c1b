// SPDX-License-Identifier: Apache-2.0
//
// Functions on texts that rule templates and notification templates have in common, and what
// functions need to take their arguments.
#pragma once

#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "alerting/template/template.h"

namespace vigil::text_template {

// toUpper and toLower (of ASCII letters), match, reReplaceAll, safeHtml, stripPort, stripDomain,
// urlQueryEscape, humanizeDuration.
void AddTextFunctions(FunctionSet* set);

// The argument as a text; InvalidArgument for anything else.
absl::StatusOr<std::string> StringArg(const Value& value);

// The argument as a number: an int, a float, or a text that spells one.
absl::StatusOr<double> NumberArg(const Value& value);

// A function of one text.
Function TextFunction(std::string (*function)(std::string_view));

// A function of one number.
Function NumberFunction(std::string (*function)(double));

// `text` with each match of the RE2 expression `pattern` replaced; $1 and ${name} in `replacement`
// stand for groups, as in Go. InvalidArgument for a bad pattern, ResourceExhausted when it takes
// too much.
absl::StatusOr<std::string> ReplaceAll(std::string_view pattern, std::string_view replacement,
                                       std::string_view text);

// The first letter of each word in upper case, the rest as it is: Go's strings.Title.
std::string TitleCase(std::string_view text);

}  // namespace vigil::text_template
