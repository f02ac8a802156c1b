// SPDX-License-Identifier: Apache-2.0
#include "storage/limits/token_bucket.h"

#include <algorithm>

namespace vigil::storage {
namespace {

constexpr double kSecondsPerNano = 1e-9;

double Capacity(uint64_t rate) { return static_cast<double>(rate) * kBurstSeconds; }

}  // namespace

double TokenBucket::TokensAt(uint64_t rate, int64_t now_ns) const {
  if (!used_) return Capacity(rate);
  const int64_t elapsed_ns = std::max<int64_t>(0, now_ns - at_ns_);
  const double gained =
      static_cast<double>(rate) * static_cast<double>(elapsed_ns) * kSecondsPerNano;
  return std::min(tokens_ + gained, Capacity(rate));
}

uint64_t TokenBucket::Take(uint64_t rate, uint64_t wanted, int64_t now_ns) {
  const double available = TokensAt(rate, now_ns);
  const uint64_t taken = std::min(wanted, static_cast<uint64_t>(available));
  tokens_ = available - static_cast<double>(taken);
  at_ns_ = now_ns;
  used_ = true;
  return taken;
}

bool TokenBucket::Full(uint64_t rate, int64_t now_ns) const {
  return TokensAt(rate, now_ns) >= Capacity(rate);
}

}  // namespace vigil::storage
