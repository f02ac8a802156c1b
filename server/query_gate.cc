// SPDX-License-Identifier: Apache-2.0
#include "server/query_gate.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/metrics.h"

namespace vigil::server {
namespace {

// How often one who waits looks whether the client is still there.
constexpr auto kLookInterval = std::chrono::milliseconds(50);

Gauge& RunningQueries() {
  static Gauge& gauge = GetGauge("vigil_queries_running", "Queries that run now.");
  return gauge;
}

absl::Status TooMany(const QueryLimits& limits) {
  static Counter& refused =
      GetCounter("vigil_queries_refused_total", "Queries refused because too many waited.");
  refused.Add();
  return absl::ResourceExhaustedError(
      fmt::format("{} queries run and {} wait: try again later, or raise server.max_queries and "
                  "server.max_queued_queries",
                  limits.max_running, limits.max_waiting));
}

}  // namespace

absl::StatusOr<QueryGate::Pass> QueryGate::Enter(TimePoint deadline,
                                                 absl::FunctionRef<bool()> cancelled) {
  MutexLock lock(&mutex_);
  if (!closed_ && running_ >= limits_.max_running) {
    if (waiting_ >= limits_.max_waiting) return TooMany(limits_);
    ++waiting_;
    absl::Status status;
    while (status.ok() && !closed_ && running_ >= limits_.max_running) {
      const auto look_at = std::min(deadline, std::chrono::system_clock::now() + kLookInterval);
      changed_.wait_until(mutex_, look_at);
      if (running_ < limits_.max_running) break;
      if (cancelled()) {
        status = absl::CancelledError("the client has gone");
      } else if (std::chrono::system_clock::now() >= deadline) {
        status = absl::DeadlineExceededError(
            fmt::format("the query's time ran out while {} others ran (server.max_queries)",
                        limits_.max_running));
      }
    }
    --waiting_;
    if (!status.ok()) return status;
  }
  if (closed_) return absl::UnavailableError("the server is stopping");
  ++running_;
  RunningQueries().Set(static_cast<int64_t>(running_));
  return Pass(this);
}

void QueryGate::Leave() {
  {
    MutexLock lock(&mutex_);
    --running_;
    RunningQueries().Set(static_cast<int64_t>(running_));
  }
  changed_.notify_one();
}

void QueryGate::Close() {
  {
    MutexLock lock(&mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

size_t QueryGate::running() const {
  MutexLock lock(&mutex_);
  return running_;
}

size_t QueryGate::waiting() const {
  MutexLock lock(&mutex_);
  return waiting_;
}

}  // namespace vigil::server
