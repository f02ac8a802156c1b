// SPDX-License-Identifier: Apache-2.0
//
// How records are laid into time partitions, which retention drops whole. A partition is named by
// its first instant.
#pragma once

#include <cstdint>
#include <limits>

#include "base/clock.h"

namespace vigil::storage {

// Unix milliseconds as nanoseconds; what does not fit becomes the nearest instant that does.
inline int64_t SaturatingNanos(int64_t unix_ms) {
  int64_t nanos = 0;
  if (!__builtin_mul_overflow(unix_ms, kNanosPerMilli, &nanos)) return nanos;
  return unix_ms < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

// Partitions of one length, in nanoseconds: those of metrics are in milliseconds
// (storage/metrics/partitioning.h). A value type.
class RecordPartitioning {
 public:
  // Requires: partition_ms > 0.
  explicit RecordPartitioning(int64_t partition_ms) : length_ns_(SaturatingNanos(partition_ms)) {}

  // The first instant of the partition that holds `time_ns`. The oldest partition of all is cut
  // short by the range of int64.
  int64_t StartOf(int64_t time_ns) const {
    const int64_t rest = time_ns % length_ns_;
    const int64_t into = rest < 0 ? rest + length_ns_ : rest;
    int64_t start = 0;
    if (__builtin_sub_overflow(time_ns, into, &start)) return std::numeric_limits<int64_t>::min();
    return start;
  }

  // The last instant of the partition that starts at `start_ns`, or one behind it at the ends of
  // int64's range.
  int64_t LastOf(int64_t start_ns) const {
    int64_t last = 0;
    if (!__builtin_add_overflow(start_ns, length_ns_ - 1, &last)) return last;
    return std::numeric_limits<int64_t>::max();
  }

  // The oldest partition that does not end at or before `unix_ms`.
  int64_t FirstKept(int64_t unix_ms) const { return StartOf(SaturatingNanos(unix_ms)); }

 private:
  int64_t length_ns_;
};

}  // namespace vigil::storage
