// SPDX-License-Identifier: Apache-2.0
//
// The Prometheus text format 0.0.4 and 1.0.0, and OpenMetrics 1.0 text.
#pragma once

#include <memory>
#include <string_view>

#include "collector/exposition/exposition.h"

namespace vigil::collector {

// Errors read "line N: what is wrong". `open_metrics`: times are seconds, white space is strict,
// samples may have exemplars, and the text must end with "# EOF". A sample's key is its name and
// braces as they stand. Borrows `text`.
std::unique_ptr<ExpositionReader> MakeTextReader(std::string_view text, bool open_metrics);

}  // namespace vigil::collector
