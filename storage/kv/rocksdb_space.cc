// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/rocksdb_space.h"

#include <filesystem>
#include <system_error>

#include "base/log.h"
#include "base/metrics.h"

namespace vigil::storage {
namespace {

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
