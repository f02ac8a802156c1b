// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/rocksdb_space.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"

namespace vigil::storage {
namespace {

// Resuming writes tables; with less than this there is no point in trying.
constexpr uint64_t kMinFreeBytes = uint64_t{8} << 20;
// A failed attempt may have written much before it failed.
constexpr int64_t kNanosBetweenAttempts = 200 * kNanosPerMilli;

Counter& BackgroundErrors() {
  static Counter& counter = GetCounter("vigil_store_background_errors_total",
                                       "Failures of the store's writes and background work.");
  return counter;
}

}  // namespace

void SpaceWatch::ResumeIfPossible(rocksdb::DB* db) {
  if (!stopped_.load(std::memory_order_acquire)) return;
  // One resumes; the others' writes go on to fail, which is what they would do anyway.
  if (!resume_mutex_.try_lock()) return;
  const absl::StatusOr<uint64_t> free_bytes = FreeBytes(directory_);
  const int64_t now_ns = MonotonicNs();
  if (free_bytes.ok() && *free_bytes >= kMinFreeBytes && now_ns >= next_attempt_ns_) {
    // Cleared first, so that an error during or right after the resumption is not overlooked.
    stopped_.store(false, std::memory_order_release);
    if (const rocksdb::Status status = db->Resume(); status.ok()) {
      Log(LogLevel::kInfo, "disk has space again, store resumed", {{"directory", directory_}});
    } else {
      stopped_.store(true, std::memory_order_release);
      next_attempt_ns_ = MonotonicNs() + kNanosBetweenAttempts;
    }
  }
  resume_mutex_.unlock();
}

void SpaceWatch::OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* error) {
  BackgroundErrors().Add();
  Log(LogLevel::kError, "store failed", {{"directory", directory_}, {"error", error->ToString()}});
  if (error->IsNoSpace()) stopped_.store(true, std::memory_order_release);
}

void SpaceWatch::OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status error,
                                      bool* auto_recovery) {
  if (error.IsNoSpace()) *auto_recovery = false;
}

}  // namespace vigil::storage
