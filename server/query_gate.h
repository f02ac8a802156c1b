// SPDX-License-Identifier: Apache-2.0
//
// Bounds the queries that run and those that wait for their turn, so that a dashboard gone wild
// costs memory and processor time for a few queries, not for all of them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <utility>

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include "base/mutex.h"

namespace vigil::server {

struct QueryLimits {
  // Queries that run at once. Each may hold its share of the memory for queries.
  size_t max_running = 8;
  // Queries that wait; each holds a thread.
  size_t max_waiting = 64;
  // Clients that follow logs. A look for news costs a short query for each of them.
  size_t max_followers = 256;
};

// Thread-safe. Passes must go before the gate does.
class QueryGate {
 public:
  using TimePoint = std::chrono::system_clock::time_point;

  explicit QueryGate(const QueryLimits& limits) : limits_(limits) {}

  // Leave to run until it is destroyed.
  class Pass {
   public:
    Pass() = default;
    explicit Pass(QueryGate* gate) : gate_(gate) {}
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->Leave();
    }

   private:
    QueryGate* gate_ = nullptr;
  };

  // Waits for a turn. ResourceExhausted at once when too many wait already, DeadlineExceeded when
  // the turn does not come in time, Cancelled when `cancelled` (asked now and then) says so,
  // Unavailable when the gate is closed.
  absl::StatusOr<Pass> Enter(TimePoint deadline, absl::FunctionRef<bool()> cancelled);

  // Sends away who waits and who comes.
  void Close();

  // Turns true when the gate closes; for queries that run to give up.
  const std::atomic<bool>& closed() const { return closed_; }

  const QueryLimits& limits() const { return limits_; }
  size_t running() const;
  size_t waiting() const;

 private:
  void Leave();

  const QueryLimits limits_;
  mutable Mutex mutex_;
  CondVar changed_;
  size_t running_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  std::atomic<bool> closed_{false};  // Set under the lock.
};

}  // namespace vigil::server
