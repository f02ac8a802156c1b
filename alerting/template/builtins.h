// SPDX-License-Identifier: Apache-2.0
//
// The functions that every template has: comparisons, len, index, slice, print and its kin, and
// escaping. (`and`, `or` and `call` evaluate arguments in ways of their own; see evaluator.cc.)
#pragma once

#include <string>
#include <string_view>

#include "alerting/template/template.h"

namespace vigil::text_template {

const FunctionSet& BuiltinFunctions();

// `text` as a part of a URL's query: as Go's url.QueryEscape.
std::string QueryEscape(std::string_view text);

// `text` for use in HTML: as Go's template.HTMLEscapeString.
std::string EscapeHtml(std::string_view text);

// `text` for use inside a JavaScript string.
std::string EscapeJavaScript(std::string_view text);

}  // namespace vigil::text_template
