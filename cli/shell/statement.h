// SPDX-License-Identifier: Apache-2.0
//
// Questions over several lines: whether one goes on, and how it reads in one.
#pragma once

#include <string>
#include <string_view>

namespace vigil::cli {

// Whether a query is not complete yet: a bracket or a raw string is open, or an operator waits for
// its right side. A query that is wrong is as complete as it will ever be.
bool IsUnfinished(std::string_view text);

// The query in one line, without its comments; what it means stays the same.
std::string OnOneLine(std::string_view text);

}  // namespace vigil::cli
