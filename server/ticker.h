// SPDX-License-Identifier: Apache-2.0
//
// Drives a passive engine in real time: a thread that runs what is due and sleeps until the next
// thing is.
#pragma once

#include <cstdint>
#include <functional>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"

namespace vigil::server {

// Thread-safe.
class Ticker {
 public:
  // Does what is due at `now_ms`; returns when it wants to be called next (Unix ms).
  using Tick = std::function<int64_t(int64_t now_ms)>;

  // Calls `tick` at once, then whenever it asked to be, at the latest `max_wait_ms` after the last
  // call. `clock` must outlive the ticker.
  Ticker(const Clock* clock, int64_t max_wait_ms, Tick tick);
  // Waits for a running tick to end.
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  // Has the next tick come now.
  void Wake();

 private:
  void Run();

  const Clock& clock_;
  const int64_t max_wait_ms_;
  const Tick tick_;
  Mutex mutex_;
  CondVar changed_;
  bool awake_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace vigil::server
