// SPDX-License-Identifier: Apache-2.0
#include "storage/disk_watch.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "base/metrics.h"
#include "base/status.h"

namespace vigil::storage {

DiskWatch::DiskWatch(const std::string& directory) : directory_(directory) {
  std::error_code error;
  if (!directory.empty() && std::filesystem::exists(directory, error)) disk_.emplace(directory);
}

std::string DiskWatch::Look() {
  static Gauge& read_only =
      GetGauge("vigil_store_read_only", "1 while the disk lets the store take nothing in.");
  static Gauge& free_bytes =
      GetGauge("vigil_store_disk_free_bytes", "Free space on the disk of the data directory.");
  if (!disk_.has_value()) return "taken";
  absl::Status status = disk_->CheckThere();
  if (status.ok()) status = disk_->CheckFree(0);
  free_bytes.Set(static_cast<int64_t>(disk_->FreeBytes()));
  read_only.Set(status.ok() ? 0 : 1);
  MutexLock lock(&mutex_);
  if (std::exchange(refused_, !status.ok()) != refused_) {
    if (status.ok()) {
      Log(LogLevel::kInfo, "writes are taken again", {{"directory", directory_}});
    } else {
      Log(LogLevel::kError, "writes are refused", {{"error", MessageOf(status)}});
    }
  }
  return status.ok() ? "taken" : "refused: " + std::string(MessageOf(status));
}

}  // namespace vigil::storage
