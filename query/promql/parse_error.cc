// SPDX-License-Identifier: Apache-2.0
#include "query/promql/parse_error.h"

#include <algorithm>

#include <fmt/format.h>

#include "query/promql/parser.h"

namespace vigil::promql {

LineColumn LocateOffset(std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const size_t newline = before.rfind('\n');
  const size_t line_start = newline == std::string_view::npos ? 0 : newline + 1;
  LineColumn place;
  place.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  place.column = 1 + static_cast<int>(before.size() - line_start);
  return place;
}

absl::Status ParseErrorAt(std::string_view text, size_t offset, std::string_view message) {
  const LineColumn place = LocateOffset(text, offset);
  return absl::InvalidArgumentError(
      fmt::format("{}:{}: parse error: {}", place.line, place.column, message));
}

}  // namespace vigil::promql
