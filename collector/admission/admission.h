// SPDX-License-Identifier: Apache-2.0
//
// Admission control: bounds what is being taken in. When memory is short senders wait for a while;
// when that does not help they are told to try again in a moment, before memory runs out.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>

#include <absl/status/status.h>

#include "base/mutex.h"

namespace vigil::collector {

struct AdmissionOptions {
  // Bytes of requests between arrival and answer. Each costs some times its size while it is
  // decoded.
  size_t max_bytes_in_flight = 256 << 20;
  // Of one request, decompressed.
  size_t max_request_bytes = 64 << 20;
  // The store's heads may take this much; beyond it senders wait until blocks are written.
  size_t max_head_bytes = 2ull << 30;
  // How long a request waits for memory, and how many may. Senders give up after ten seconds or so.
  std::chrono::milliseconds max_wait = std::chrono::seconds(2);
  size_t max_waiting = 1024;
  // How long a refused sender is asked to wait.
  int64_t retry_after_ms = 1000;
};

// Thread-safe.
class Admission {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  // Called once: with true when there is memory for it, with false when it is to be refused. Must
  // be quick.
  using Continuation = std::function<void(bool room)>;

  explicit Admission(const AdmissionOptions& options);

  // Holds room for one request until destroyed.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Admission* admission, size_t bytes) : admission_(admission), bytes_(bytes) {}
    Ticket(Ticket&& other) noexcept : admission_(other.admission_), bytes_(other.bytes_) {
      other.admission_ = nullptr;
    }
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket() {
      if (admission_ != nullptr) admission_->in_flight_.fetch_sub(bytes_);
    }
    bool admitted() const { return admission_ != nullptr; }

   private:
    Admission* admission_ = nullptr;
    size_t bytes_ = 0;
  };

  // A ticket for `bytes` bytes; not admitted() when there is no room. A lone request that is larger
  // than the whole budget is let in: its size has its own limit.
  Ticket Admit(size_t bytes);

  // Calls `then` at once if memory is not short, otherwise when it no longer is, or with false when
  // it has been for `max_wait`. Requires: what is to be done holds a ticket.
  void WhenRoom(Continuation then);

  // What the store's heads take now, and whether the process as a whole has too much; told many
  // times a second by whoever runs the store. Lets go who has waited.
  void Update(size_t head_bytes, bool memory_short,
              TimePoint now = std::chrono::steady_clock::now());
  bool memory_short() const { return short_.load(std::memory_order_relaxed); }

  // Refuses who waits and who comes: the server stops.
  void Close();
  // What to tell those who are refused: ResourceExhausted for want of memory, Unavailable when the
  // server stops.
  absl::Status Refusal() const;

  size_t bytes_in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  size_t waiting() const;
  const AdmissionOptions& options() const { return options_; }

 private:
  struct Waiter {
    TimePoint deadline;
    Continuation then;
  };

  const AdmissionOptions options_;
  std::atomic<size_t> in_flight_{0};
  std::atomic<bool> short_{false};  // Changed under the lock.
  mutable Mutex mutex_;
  std::deque<Waiter> waiters_ ABSL_GUARDED_BY(mutex_);  // The oldest first.
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace vigil::collector
