// SPDX-License-Identifier: Apache-2.0
//
// Copies of a store that is being served.
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "base/file.h"
#include "base/status.h"
#include "storage/storage_impl.h"

namespace vigil::storage {
namespace {

namespace fs = std::filesystem;

// Beside the target, until it is whole.
constexpr const char* kGrowing = ".copying";

bool IsWithin(const fs::path& path, const fs::path& directory) {
  const fs::path relative = path.lexically_relative(directory);
  return !relative.empty() && *relative.begin() != "..";
}

// Where the copy goes, as an absolute path.
absl::StatusOr<fs::path> TargetOf(const std::string& path, const std::string& data_dir) {
  if (path.empty()) return absl::InvalidArgumentError("name the directory of the snapshot");
  std::error_code error;
  const fs::path target = fs::weakly_canonical(fs::absolute(path, error), error);
  if (error) {
    return absl::InvalidArgumentError(
        fmt::format("{} cannot be resolved on the server: {}", path, error.message()));
  }
  if (fs::exists(fs::symlink_status(target, error))) {
    return absl::AlreadyExistsError(fmt::format(
        "{} exists on the server already: a snapshot makes a new directory", target.string()));
  }
  if (!fs::is_directory(target.parent_path(), error)) {
    return absl::NotFoundError(fmt::format("there is no directory {} on the server to put it in",
                                           target.parent_path().string()));
  }
  if (!data_dir.empty() && IsWithin(target, fs::weakly_canonical(data_dir, error))) {
    return absl::InvalidArgumentError(fmt::format(
        "{} lies in the data directory {}: name a place outside of it", target.string(), data_dir));
  }
  return target;
}

}  // namespace

absl::Status StorageImpl::CopyAll(const std::string& target) {
  // The journal as it is now, of which nothing goes until it is copied; then the store, which may
  // have moved some of it to blocks meanwhile and says so. Whatever was acknowledged is in one.
  std::optional<SegmentLog::Hold> journal;
  if (segments_ != nullptr) journal.emplace(segments_.get());
  VIGIL_RETURN_IF_ERROR(store_->Checkpoint(target));
  return journal ? journal->CopyTo(target) : absl::OkStatus();
}

absl::StatusOr<std::string> StorageImpl::Snapshot(const std::string& path) {
  const MutexLock lock(&snapshot_mutex_);
  VIGIL_ASSIGN_OR_RETURN(const fs::path target, TargetOf(path, options_.data_dir));
  // Under its name only when it is whole.
  const std::string growing = target.string() + kGrowing;
  std::error_code error;
  fs::remove_all(growing, error);  // Of one that was cut off.
  absl::Status status = CopyAll(growing);
  if (status.ok()) {
    fs::rename(growing, target, error);
    if (error) {
      status = ErrnoStatus(error.value(), "renaming the copy to", target.string());
    } else if (status = SyncPath(target.parent_path()); !status.ok()) {
      fs::remove_all(target, error);
    }
  }
  if (!status.ok()) {
    fs::remove_all(growing, error);
    // RocksDB gathers files beside its target first.
    fs::remove_all(growing + ".tmp", error);
    return status;
  }
  return target.string();
}

}  // namespace vigil::storage
