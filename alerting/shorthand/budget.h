// SPDX-License-Identifier: Apache-2.0
//
// The shorthand "budget": what a month has cost so far, what it will have cost in the end, and
// alerts when that is more than the budget. Months are those of UTC.
#pragma once

#include <string>
#include <vector>

#include "alerting/shorthand/shorthand.h"

namespace vigil::alerting {

// See ExpandShorthand; `node` is what stands behind the key "budget".
std::vector<PlainRule> ExpandBudget(const YAML::Node& node, const std::string& context,
                                    MistakeList* mistakes);

}  // namespace vigil::alerting
