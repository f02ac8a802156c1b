// SPDX-License-Identifier: Apache-2.0
//
// What series there are: `/api/v1/series`, `/labels` and `/label/<name>/values`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/api/api_parts.h"

namespace vigil::server {

ApiEndpoint ListSeries;
ApiEndpoint ListLabelNames;
// For all paths that begin with kLabelPrefix; NotFound unless they go on with a name and "/values".
ApiEndpoint ListLabelValues;
inline constexpr std::string_view kLabelPrefix = "/api/v1/label/";

// Whether a request to one of these may be answered in place (see QuickTest): it looks at no more
// than `most_series`.
bool IsQuickLookup(const ApiParts& parts, const HttpRequest& request, uint64_t most_series);
// How many series are listed, how many looked at for their names and values, within a millisecond
// or two.
inline constexpr uint64_t kQuickToList = 1000;
inline constexpr uint64_t kQuickToScan = 10'000;

// The name behind one written with letters, digits and underscores alone: "U__a_2e_b" is "a.b".
// What is not written so stands for itself.
std::string UnescapeLabelName(std::string_view escaped);

}  // namespace vigil::server
