// SPDX-License-Identifier: Apache-2.0
//
// One value by one printf verb: the lower half of go_format.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "alerting/template/value.h"

namespace vigil::text_template {

// What stands between "%" and the verb.
struct FormatSpec {
  bool plus = false;
  bool minus = false;
  bool sharp = false;
  bool space = false;
  bool zero = false;
  std::optional<int> width;
  std::optional<int> precision;
  std::string_view verb;  // One code point.
  char verb_char() const { return verb.size() == 1 ? verb[0] : '\0'; }
};

// Appends `value` as `spec` says, or a complaint as Go words it.
void AppendValue(const FormatSpec& spec, const Value& value, std::string* out);

}  // namespace vigil::text_template
