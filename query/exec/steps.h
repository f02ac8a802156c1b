// SPDX-License-Identifier: Apache-2.0
//
// The instants at which an expression is evaluated, and where a selector looks from each of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace vigil::exec {

// Sums that stop at the ends of int64: query text may name any instant, offset and range.
inline int64_t SaturatingAdd(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min();
}
inline int64_t SaturatingSub(int64_t a, int64_t b) {
  int64_t difference = 0;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return b > 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

// start, start + step, ...: `count` instants.
struct StepGrid {
  int64_t start_ms = 0;
  int64_t step_ms = 1;
  size_t count = 1;

  int64_t At(size_t step) const { return start_ms + step_ms * static_cast<int64_t>(step); }
};

// Where a selector or subquery looks at each step, after `offset` and `@`. Never descends.
struct LookupTimes {
  StepGrid grid;
  int64_t offset_ms = 0;
  std::optional<int64_t> pinned_ms;  // By `@`.

  int64_t At(size_t step) const {
    return SaturatingSub(pinned_ms.has_value() ? *pinned_ms : grid.At(step), offset_ms);
  }
  int64_t First() const { return At(0); }
  int64_t Last() const { return At(grid.count == 0 ? 0 : grid.count - 1); }
};

}  // namespace vigil::exec
