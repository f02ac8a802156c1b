// SPDX-License-Identifier: Apache-2.0
//
// A clock for servers on machines whose clock jumps: someone sets it, a virtual machine is
// restored, a time source errs for a minute. Data would be refused as lying in the future, or
// dropped as too old, by what is gone a moment later.
#pragma once

#include <cstdint>
#include <functional>

#include "base/clock.h"
#include "base/mutex.h"

namespace vigil {

// Thread-safe.
class GuardedClock final : public Clock {
 public:
  // A step of this size is a jump; smaller ones are taken as they come.
  static constexpr int64_t kJumpNs = 60LL * 1'000'000'000;
  // A jump that lasts this long is the truth.
  static constexpr int64_t kHoldNs = 10 * 60LL * 1'000'000'000;

  // Nanoseconds. `wall` may jump; `steady` never does, and goes on while the machine sleeps.
  using Source = std::function<int64_t()>;
  GuardedClock(Source wall, Source steady);
  // On the machine's clocks.
  GuardedClock();

  // The wall's time, or for kHoldNs after it jumped the time that it would be otherwise.
  int64_t NowNs() const override;

 private:
  const Source wall_;
  const Source steady_;

  mutable Mutex mutex_;
  mutable int64_t offset_ns_ ABSL_GUARDED_BY(mutex_);         // Of the wall to the steady clock.
  mutable int64_t jumped_at_ns_ ABSL_GUARDED_BY(mutex_) = 0;  // Steady; 0: it has not jumped.
};

}  // namespace vigil
