// SPDX-License-Identifier: Apache-2.0
//
// The place in a query that an error message means, shown below the query's line.
#pragma once

#include <string>
#include <string_view>

namespace vigil::cli {

// The line of `query` that `message` names ("3:14: parse error: ...", "parse error at line 3, col
// 14: ...") and a caret below the column, indented by two spaces; empty for a message that names
// none. A line longer than `width` (0: any) is cut around the place.
std::string PointAtError(std::string_view query, std::string_view message, int width);

}  // namespace vigil::cli
