// SPDX-License-Identifier: Apache-2.0
//
// The shorthand "slo": a service level objective, with the ratios of bad events over several
// windows recorded, and alerts when the error budget burns too fast over a long and a short window
// at once.
#pragma once

#include <string>
#include <vector>

#include "alerting/shorthand/shorthand.h"

namespace vigil::alerting {

// See ExpandShorthand; `node` is what stands behind the key "slo".
std::vector<PlainRule> ExpandSlo(const YAML::Node& node, const std::string& context,
                                 MistakeList* mistakes);

}  // namespace vigil::alerting
