// SPDX-License-Identifier: Apache-2.0
#include "collector/admission/admission.h"

#include <utility>
#include <vector>

#include "base/metrics.h"

namespace vigil::collector {
namespace {

Counter& Refused() {
  static Counter& refused = GetCounter("vigil_admission_refused_total",
                                       "Requests that were refused because memory was short.");
  return refused;
}

Counter& Delayed() {
  static Counter& delayed = GetCounter("vigil_admission_delayed_total",
                                       "Requests that had to wait because memory was short.");
  return delayed;
}

}  // namespace

Admission::Admission(const AdmissionOptions& options) : options_(options) {
  // There before the first is counted.
  Refused();
  Delayed();
}

Admission::Ticket Admission::Admit(size_t bytes) {
  const size_t before = in_flight_.fetch_add(bytes);
  if (before == 0 || before + bytes <= options_.max_bytes_in_flight) return Ticket(this, bytes);
  in_flight_.fetch_sub(bytes);
  Refused().Add();
  return Ticket();
}

void Admission::WhenRoom(Continuation then) {
  if (!memory_short()) return then(true);
  {
    MutexLock lock(&mutex_);
    // It may have ended since the look above.
    if (memory_short() && !closed_ && waiters_.size() < options_.max_waiting) {
      Delayed().Add();
      waiters_.push_back({std::chrono::steady_clock::now() + options_.max_wait, std::move(then)});
      return;
    }
  }
  const bool room = !memory_short();
  if (!room) Refused().Add();
  then(room);
}

void Admission::Update(size_t head_bytes, bool memory_short, TimePoint now) {
  const bool is_short = memory_short || head_bytes > options_.max_head_bytes;
  std::vector<Waiter> freed;
  {
    MutexLock lock(&mutex_);
    short_.store(is_short || closed_);
    while (!waiters_.empty() && (!is_short || waiters_.front().deadline <= now)) {
      freed.push_back(std::move(waiters_.front()));
      waiters_.pop_front();
    }
  }
  for (Waiter& waiter : freed) {
    if (is_short) Refused().Add();
    waiter.then(!is_short);
  }
}

void Admission::Close() {
  std::deque<Waiter> waiters;
  {
    MutexLock lock(&mutex_);
    closed_ = true;
    short_.store(true);
    waiters.swap(waiters_);
  }
  for (Waiter& waiter : waiters) waiter.then(false);
}

absl::Status Admission::Refusal() const {
  MutexLock lock(&mutex_);
  if (closed_) return absl::UnavailableError("the server is stopping: try again later");
  return absl::ResourceExhaustedError(
      "the server is short of memory (server.memory_limit): try again later");
}

size_t Admission::waiting() const {
  MutexLock lock(&mutex_);
  return waiters_.size();
}

}  // namespace vigil::collector
