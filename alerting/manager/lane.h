// SPDX-License-Identifier: Apache-2.0
//
// How one channel of a receiver fares, over all groups: how many deliveries are under way, and
// whether it is left alone. A channel that keeps failing is not asked by every group in turn: its
// circuit breaker opens, and after a while one delivery tries how it is.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace vigil::alerting {

// Failures in a row after which the breaker opens. Those that were under way together count once.
inline constexpr int64_t kBreakerFailures = 5;
// Deliveries of one channel that are under way at a time. Others wait in the outbox, where newer
// ones can still take their place.
inline constexpr int64_t kMaxInFlightPerLane = 64;

// Not thread-safe.
class Lane {
 public:
  // Whether a delivery may begin at `now_ms`.
  bool Admits(int64_t now_ms) const;
  // When it is worth asking again if it does not: `now_ms` if that is once a delivery has ended.
  int64_t RetryAt(int64_t now_ms) const { return std::max(paused_until_ms_, now_ms); }

  // A delivery begins; returns what its end has to tell.
  int64_t Begin();
  void Delivered();
  // The channel answered, if not as one would wish.
  void Refused();
  // It did not come to that.
  void PutBack() { --in_flight_; }
  // It did not work; `round` is what Begin gave.
  void Failed(int64_t round);
  // Leaves it alone until then.
  void PauseUntil(int64_t until_ms) { paused_until_ms_ = std::max(paused_until_ms_, until_ms); }
  // Somebody knows better: it may be asked at once.
  void EndPause() { paused_until_ms_ = 0; }

  // Failures in a row.
  int64_t failures() const { return failures_; }
  bool open() const { return failures_ >= kBreakerFailures; }
  int64_t in_flight() const { return in_flight_; }

  // Keys of outbox entries that wait for a delivery to end.
  void Hold(std::string key) { held_.push_back(std::move(key)); }
  std::vector<std::string> TakeHeld() { return std::exchange(held_, {}); }

 private:
  int64_t in_flight_ = 0;
  int64_t failures_ = 0;
  int64_t round_ = 0;  // Moves on with each failure that counts.
  int64_t paused_until_ms_ = 0;
  std::vector<std::string> held_;
};

}  // namespace vigil::alerting
