// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/rocksdb_space.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

namespace vigil::storage {
namespace {

// Kept free: room for the write buffers to be flushed, or that share of a small disk.
constexpr uint64_t kReservedBytes = uint64_t{64} << 20;
constexpr uint64_t kReservedShare = 32;
// A failed attempt may have written much before it failed.
constexpr int64_t kNanosBetweenAttempts = 200 * kNanosPerMilli;

Counter& BackgroundErrors() {
  static Counter& counter = GetCounter("vigil_store_background_errors_total",
                                       "Failures of the store's writes and background work.");
  return counter;
}

}  // namespace

absl::Status SpaceWatch::CheckFree(uint64_t bytes) const {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(directory_, error);
  if (error) return absl::OkStatus();  // The write itself will tell.
  const uint64_t reserved = std::min<uint64_t>(kReservedBytes, space.capacity / kReservedShare);
  if (space.available >= reserved + bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      fmt::format("disk of {} is full: {} bytes are free, of which {} are kept in reserve",
                  directory_, space.available, reserved));
}

void SpaceWatch::PrepareWrite(rocksdb::DB* db) {
  ResumeIfPossible(db);
  // A write that fails leaves a torn log, which must not be written to again. Resume starts a new
  // one when it flushes a write buffer; it flushes none if all are empty, and goes on with the torn
  // one, which ends in a failed assertion. So there always is something in a buffer: the deletion
  // of a key that nobody uses, itself not logged.
  if (!buffers_may_be_empty_.exchange(false)) return;
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  if (!db->Delete(unlogged, rocksdb::Slice("\0", 1)).ok()) buffers_may_be_empty_.store(true);
}

void SpaceWatch::ResumeIfPossible(rocksdb::DB* db) {
  if (!stopped_.load(std::memory_order_acquire)) return;
  // One resumes; the others' writes go on to fail, which is what they would do anyway.
  if (!resume_mutex_.try_lock()) return;
  if (CheckFree(0).ok() && MonotonicNs() >= next_attempt_ns_) {
    // Cleared first, so that an error during or right after the resumption is not overlooked.
    stopped_.store(false, std::memory_order_release);
    if (db->Resume().ok()) {
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

void SpaceWatch::OnMemTableSealed(const rocksdb::MemTableInfo& info) {
  if (info.cf_name == rocksdb::kDefaultColumnFamilyName) buffers_may_be_empty_.store(true);
}

}  // namespace vigil::storage
