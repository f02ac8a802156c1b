// SPDX-License-Identifier: Apache-2.0
//
// Copies of a store that is being served.
#include <filesystem>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "base/status.h"
#include "storage/storage_impl.h"

namespace vigil::storage {
namespace {

namespace fs = std::filesystem;

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

absl::StatusOr<std::string> StorageImpl::Snapshot(const std::string& path) {
  VIGIL_ASSIGN_OR_RETURN(const fs::path target, TargetOf(path, options_.data_dir));
  // Whatever was acknowledged is in the journal or in blocks: one copy of the store has it all.
  const absl::Status status = store_->Checkpoint(target.string());
  if (!status.ok()) {
    std::error_code ignored;
    // RocksDB gathers files beside the target first.
    fs::remove_all(target.string() + ".tmp", ignored);
    return status;
  }
  return target.string();
}

}  // namespace vigil::storage
