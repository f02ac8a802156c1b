// SPDX-License-Identifier: Apache-2.0
//
// Where time comes from. Everything that decides by time is handed a Clock, so that live running,
// tests and backtests are one code. A Clock only tells the time: engines are passive ("run what is
// due at t, say when the next thing is due") and whoever drives them does the waiting.
#pragma once

#include <atomic>
#include <cstdint>

namespace vigil {

inline constexpr int64_t kNanosPerMilli = 1'000'000;
inline constexpr int64_t kMillisPerSecond = 1'000;
inline constexpr int64_t kMillisPerMinute = 60 * kMillisPerSecond;
inline constexpr int64_t kMillisPerHour = 60 * kMillisPerMinute;
inline constexpr int64_t kMillisPerDay = 24 * kMillisPerHour;

// Unix time. Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t NowNs() const = 0;
  int64_t NowMs() const { return NowNs() / kNanosPerMilli; }
};

// The machine's clock. May jump when the machine's does.
class SystemClock final : public Clock {
 public:
  int64_t NowNs() const override;
};

// Nanoseconds from an arbitrary start that never go back: for measuring durations only.
int64_t MonotonicNs();

// A clock that stands still until told otherwise.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t start_ms = 0) : now_ns_(start_ms * kNanosPerMilli) {}
  int64_t NowNs() const override { return now_ns_.load(std::memory_order_acquire); }
  void AdvanceMs(int64_t delta_ms) { now_ns_.fetch_add(delta_ms * kNanosPerMilli); }
  void SetMs(int64_t now_ms) { now_ns_.store(now_ms * kNanosPerMilli); }

 private:
  std::atomic<int64_t> now_ns_;
};

}  // namespace vigil
