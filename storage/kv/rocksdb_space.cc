// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/rocksdb_space.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "base/log.h"
#include "base/metrics.h"

namespace vigil::storage {
namespace {

// Kept free: room for the write buffers to be flushed, or that share of a small disk.
constexpr uint64_t kReservedBytes = uint64_t{64} << 20;
constexpr uint64_t kReservedShare = 32;

Counter& BackgroundErrors() {
  static Counter& counter = GetCounter("vigil_store_background_errors_total",
                                       "Failures of the store's writes and background work.");
  return counter;
}

uint64_t LogBytes(const std::string& directory) {
  uint64_t bytes = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; entry != end;
       entry.increment(error)) {
    if (entry->path().extension() != ".log") continue;
    const uint64_t size = entry->file_size(error);
    if (!error) bytes += size;
  }
  return bytes;
}

// A compaction that finds no space changed nothing; RocksDB waits for space and tries again.
bool StopsWrites(rocksdb::BackgroundErrorReason reason, const rocksdb::Status& error) {
  return error.IsNoSpace() && reason != rocksdb::BackgroundErrorReason::kCompaction;
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

absl::Status SpaceWatch::CheckFreeToOpen() const { return CheckFree(LogBytes(directory_)); }

void SpaceWatch::OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) {
  BackgroundErrors().Add();
  Log(LogLevel::kError, "store failed", {{"directory", directory_}, {"error", error->ToString()}});
  if (StopsWrites(reason, *error)) stopped_.store(true, std::memory_order_release);
}

void SpaceWatch::OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error,
                                      bool* auto_recovery) {
  if (StopsWrites(reason, error)) *auto_recovery = false;
}

}  // namespace vigil::storage
