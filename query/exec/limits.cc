// SPDX-License-Identifier: Apache-2.0
#include "query/exec/limits.h"

#include <limits>

#include "base/clock.h"
#include "base/status.h"
#include "query/exec/steps.h"

namespace vigil::exec {

namespace {

int64_t DeadlineAfter(int64_t timeout_ms) {
  int64_t timeout_ns = 0;
  if (__builtin_mul_overflow(timeout_ms, kNanosPerMilli, &timeout_ns)) {
    return std::numeric_limits<int64_t>::max();
  }
  return SaturatingAdd(MonotonicNs(), timeout_ns);
}

}  // namespace

QueryLimits::QueryLimits(int64_t max_samples, int64_t timeout_ms,
                         const std::atomic<bool>* cancelled)
    : max_samples_(max_samples), deadline_ns_(DeadlineAfter(timeout_ms)), cancelled_(cancelled) {}

absl::Status QueryLimits::Check() const {
  if (cancelled_ != nullptr && cancelled_->load(std::memory_order_relaxed)) {
    return absl::CancelledError("query was canceled in expression evaluation");
  }
  if (MonotonicNs() > deadline_ns_) {
    return absl::DeadlineExceededError("query timed out in expression evaluation");
  }
  return absl::OkStatus();
}

absl::Status QueryLimits::Acquire(int64_t samples) {
  const int64_t held = held_.fetch_add(samples, std::memory_order_relaxed);
  if (samples > max_samples_ - held) {
    held_.fetch_sub(samples, std::memory_order_relaxed);
    return absl::ResourceExhaustedError(
        "query processing would load too many samples into memory in query execution");
  }
  int64_t peak = peak_.load(std::memory_order_relaxed);
  while (held + samples > peak && !peak_.compare_exchange_weak(peak, held + samples)) {
  }
  return absl::OkStatus();
}

absl::Status Reservation::Add(int64_t samples) {
  VIGIL_CHECK(limits_ != nullptr);
  VIGIL_RETURN_IF_ERROR(limits_->Acquire(samples));
  held_ += samples;
  return absl::OkStatus();
}

int64_t SampleWeight(const storage::Histogram& histogram) {
  constexpr size_t kBytesOfFloat = 16;
  constexpr size_t kBytesWithoutBuckets = 176;  // Of a histogram with its time.
  const size_t spans = histogram.positive_spans.size() + histogram.negative_spans.size();
  const size_t numbers = histogram.positive_counts.size() + histogram.negative_counts.size() +
                         histogram.custom_bounds.size();
  const size_t bytes =
      kBytesWithoutBuckets + spans * sizeof(storage::BucketSpan) + numbers * sizeof(double);
  return static_cast<int64_t>(bytes / kBytesOfFloat);
}

}  // namespace vigil::exec
