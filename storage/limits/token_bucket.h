// SPDX-License-Identifier: Apache-2.0
//
// A rate limit: so much a second on average, and what was not used for a while at once.
#pragma once

#include <cstdint>

namespace vigil::storage {

// Exporters send every 15 seconds by habit: what they may send in that time may come at once.
inline constexpr int64_t kBurstSeconds = 15;

// Starts full. Time is the caller's, in nanoseconds that should not go back (MonotonicNs); if they
// do, the bucket goes on from there. Not thread-safe.
class TokenBucket {
 public:
  // Takes up to `wanted` tokens of a bucket that fills with `rate` a second; says how many. The
  // rate may change from call to call. Requires: rate > 0.
  uint64_t Take(uint64_t rate, uint64_t wanted, int64_t now_ns);

  // Whether it is as good as new at that time.
  bool Full(uint64_t rate, int64_t now_ns) const;

 private:
  double TokensAt(uint64_t rate, int64_t now_ns) const;

  bool used_ = false;
  int64_t at_ns_ = 0;  // When `tokens_` was right.
  double tokens_ = 0;
};

}  // namespace vigil::storage
