// SPDX-License-Identifier: Apache-2.0
//
// When alerts fire, drawn on lines of characters.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/duration.h"
#include "cli/text/terminal.h"

namespace vigil::cli {

struct TimelineRow {
  std::string label;
  std::vector<TimeRange> spells;  // The end is not part of them.
};

// One line per row under a line with the ends of `range`: a character stands for an equal part of
// the range and is the higher, the more of it is covered. Rows beyond `max_rows` are counted only.
std::string TimelineText(const std::vector<TimelineRow>& rows, TimeRange range, size_t max_rows,
                         const Terminal& terminal);

// "2026-11-29 20:00:00", in UTC.
std::string ReadableTime(int64_t unix_ms);

}  // namespace vigil::cli
