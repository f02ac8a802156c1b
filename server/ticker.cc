// SPDX-License-Identifier: Apache-2.0
#include "server/ticker.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace vigil::server {

Ticker::Ticker(const Clock* clock, int64_t max_wait_ms, Tick tick)
    : clock_(*clock),
      max_wait_ms_(max_wait_ms),
      tick_(std::move(tick)),
      thread_([this] { Run(); }) {}

Ticker::~Ticker() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Ticker::Wake() {
  {
    MutexLock lock(&mutex_);
    awake_ = true;
  }
  changed_.notify_all();
}

void Ticker::Run() {
  while (true) {
    const int64_t due_ms = tick_(clock_.NowMs());
    const int64_t wait_ms = std::clamp<int64_t>(due_ms - clock_.NowMs(), 0, max_wait_ms_);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
    MutexLock lock(&mutex_);
    while (!awake_ && !stopping_) {
      if (changed_.wait_until(mutex_, deadline) == std::cv_status::timeout) break;
    }
    if (stopping_) return;
    awake_ = false;
  }
}

}  // namespace vigil::server
