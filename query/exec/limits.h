// SPDX-License-Identifier: Apache-2.0
//
// What one query may use: samples held at a time, and wall-clock time; and the caller's wish to
// stop. Serves one query, on as many threads as work on it.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include <absl/status/status.h>

#include "storage/model/histogram.h"
#include "storage/series/labels.h"

namespace vigil::exec {

class QueryLimits {
 public:
  // `cancelled` may be null. The deadline counts from now.
  QueryLimits(int64_t max_samples, int64_t timeout_ms, const std::atomic<bool>* cancelled);

  // Cancelled or DeadlineExceeded when it is time to stop. Cheap enough to call once per series.
  absl::Status Check() const;

  // ResourceExhausted when the query would then hold more samples than it may.
  absl::Status Acquire(int64_t samples);
  void Release(int64_t samples) { held_.fetch_sub(samples, std::memory_order_relaxed); }
  // The most that was held at a time.
  int64_t peak() const { return peak_.load(std::memory_order_relaxed); }

 private:
  const int64_t max_samples_;
  const int64_t deadline_ns_;
  const std::atomic<bool>* const cancelled_;
  std::atomic<int64_t> held_{0};
  std::atomic<int64_t> peak_{0};
};

// Samples that a value holds; given back when the value goes.
class Reservation {
 public:
  Reservation() = default;
  explicit Reservation(QueryLimits& limits) : limits_(&limits) {}
  Reservation(Reservation&& other) noexcept
      : limits_(other.limits_), held_(std::exchange(other.held_, 0)) {}
  Reservation& operator=(Reservation&& other) noexcept {
    std::swap(limits_, other.limits_);
    std::swap(held_, other.held_);
    return *this;
  }
  ~Reservation() {
    if (held_ > 0) limits_->Release(held_);
  }

  // Requires: made with limits.
  absl::Status Add(int64_t samples);
  // Requires: that many are held.
  void GiveBack(int64_t samples) {
    limits_->Release(samples);
    held_ -= samples;
  }

 private:
  QueryLimits* limits_ = nullptr;
  int64_t held_ = 0;
};

// What memory is planned for a sample: instant and value, once as read and in part once as
// computed.
inline constexpr size_t kBytesPerSample = 24;

// Labels are there up to this often while a query is answered: selected, as a result, as an answer
// and in the bytes that it is sent as.
inline constexpr size_t kLabelCopies = 4;

// How many samples labels count for. Of many series at few steps they are most of what is held.
inline int64_t LabelWeight(const storage::Labels& labels) {
  return static_cast<int64_t>(labels.packed().size() * kLabelCopies / kBytesPerSample);
}

// How many samples a histogram counts for: one per 16 bytes, about what a float with its time is.
// As Prometheus counts them.
int64_t SampleWeight(const storage::Histogram& histogram);

}  // namespace vigil::exec
