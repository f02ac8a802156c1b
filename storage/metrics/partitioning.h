// SPDX-License-Identifier: Apache-2.0
//
// How time is cut into partitions: stretches of one length from the epoch on, each named by its
// first instant.
#pragma once

#include <cstdint>
#include <limits>

namespace vigil::storage {

// A value type. Takes every instant: at the ends of the scale partitions are cut short.
class Partitioning {
 public:
  // Requires: length_ms > 0.
  explicit Partitioning(int64_t length_ms) : length_ms_(length_ms) {}

  // First instant of the partition that holds `time_ms`.
  int64_t StartOf(int64_t time_ms) const {
    int64_t rest = time_ms % length_ms_;
    if (rest < 0) rest += length_ms_;
    int64_t start = 0;
    const bool below = __builtin_sub_overflow(time_ms, rest, &start);
    return below ? std::numeric_limits<int64_t>::min() : start;
  }

  // Last instant of the partition that holds `time_ms`.
  int64_t EndOf(int64_t time_ms) const {
    int64_t rest = time_ms % length_ms_;
    if (rest < 0) rest += length_ms_;
    int64_t end = 0;
    const bool beyond = __builtin_add_overflow(time_ms, length_ms_ - 1 - rest, &end);
    return beyond ? std::numeric_limits<int64_t>::max() : end;
  }

 private:
  int64_t length_ms_;
};

}  // namespace vigil::storage
