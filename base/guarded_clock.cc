// SPDX-License-Identifier: Apache-2.0
#include "base/guarded_clock.h"

#include <time.h>

#include <cstdlib>
#include <utility>

#include "base/duration.h"
#include "base/log.h"
#include "base/metrics.h"

namespace vigil {
namespace {

int64_t BootNs() {
  struct timespec now = {};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

Gauge& Jump() {
  static Gauge& gauge =
      GetGauge("vigil_clock_jump_seconds",
               "How far the machine's clock has jumped, while it is not believed.");
  return gauge;
}

std::string Text(int64_t unix_ns) { return FormatInstantMs(unix_ns / kNanosPerMilli); }

}  // namespace

GuardedClock::GuardedClock(Source wall, Source steady)
    : wall_(std::move(wall)), steady_(std::move(steady)), offset_ns_(wall_() - steady_()) {}

GuardedClock::GuardedClock() : GuardedClock([] { return SystemClock().NowNs(); }, BootNs) {}

int64_t GuardedClock::NowNs() const {
  MutexLock lock(&mutex_);
  const int64_t wall_ns = wall_();
  const int64_t steady_ns = steady_();
  const int64_t expected_ns = steady_ns + offset_ns_;
  const int64_t step_ns = wall_ns - expected_ns;
  if (std::abs(step_ns) < kJumpNs) {
    if (jumped_at_ns_ != 0) Log(LogLevel::kInfo, "the machine's clock is back where it was");
  } else if (jumped_at_ns_ == 0) {
    jumped_at_ns_ = steady_ns;
    Jump().Set(step_ns / (kNanosPerMilli * kMillisPerSecond));
    Log(LogLevel::kError, "the machine's clock has jumped; the old time goes on for ten minutes",
        {{"clock", Text(wall_ns)}, {"expected", Text(expected_ns)}});
    return expected_ns;
  } else if (steady_ns - jumped_at_ns_ < kHoldNs) {
    return expected_ns;
  } else {
    Log(LogLevel::kError, "the machine's clock stays where it jumped to and is believed now",
        {{"clock", Text(wall_ns)}, {"expected", Text(expected_ns)}});
  }
  if (jumped_at_ns_ != 0) Jump().Set(0);
  jumped_at_ns_ = 0;
  offset_ns_ = wall_ns - steady_ns;
  return wall_ns;
}

}  // namespace vigil
