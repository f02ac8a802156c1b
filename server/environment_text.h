// SPDX-License-Identifier: Apache-2.0
//
// Texts that name variables of the environment, as external labels may.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace vigil::server {

// The value of a variable, "" if there is none.
using VariableValue = std::function<std::string(std::string_view name)>;

// `text` with $NAME and ${NAME} replaced by values, and $$ by a dollar sign. A shell's special
// variables ($1, $*) are names of one character; a brace that does not close, or closes at once, is
// left out together with its dollar sign; a dollar sign before anything else stays. As Go's
// os.Expand.
std::string ExpandVariables(std::string_view text, const VariableValue& value_of);

// The same with the variables of this process.
std::string ExpandEnvironment(std::string_view text);

}  // namespace vigil::server
