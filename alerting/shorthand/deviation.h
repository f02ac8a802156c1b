// SPDX-License-Identifier: Apache-2.0
//
// The shorthand "deviation": an alert where a value lies further from what it was at the same hour
// of past weeks (or days) than those lie from each other.
#pragma once

#include <string>
#include <vector>

#include "alerting/shorthand/shorthand.h"

namespace vigil::alerting {

// See ExpandShorthand; `node` is what stands behind the key "deviation".
std::vector<PlainRule> ExpandDeviation(const YAML::Node& node, const std::string& context,
                                       MistakeList* mistakes);

}  // namespace vigil::alerting
