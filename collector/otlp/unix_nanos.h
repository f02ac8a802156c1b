// SPDX-License-Identifier: Apache-2.0
//
// The instants of wire messages, which are unsigned, as ours, which are not.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace vigil::collector {

// What lies beyond the range (year 2262) is its end: far in the future, not long ago.
inline int64_t ToUnixNanos(uint64_t wire_ns) {
  return static_cast<int64_t>(std::min<uint64_t>(wire_ns, std::numeric_limits<int64_t>::max()));
}

}  // namespace vigil::collector
