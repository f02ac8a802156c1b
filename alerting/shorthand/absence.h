// SPDX-License-Identifier: Apache-2.0
//
// The shorthand "absence": an alert for each label set that used to be there and is not any more.
// absent() cannot say which one that is.
#pragma once

#include <string>
#include <vector>

#include "alerting/shorthand/shorthand.h"

namespace vigil::alerting {

// See ExpandShorthand; `node` is what stands behind the key "absence".
std::vector<PlainRule> ExpandAbsence(const YAML::Node& node, const std::string& context,
                                     MistakeList* mistakes);

}  // namespace vigil::alerting
