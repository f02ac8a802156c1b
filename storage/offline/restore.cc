// SPDX-License-Identifier: Apache-2.0
#include "storage/offline/restore.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "base/file.h"
#include "base/status.h"
#include "storage/journal/posix_segment_directory.h"
#include "storage/journal/segment_check.h"
#include "storage/kv/directory_hold.h"
#include "storage/kv/rocksdb_offline.h"

namespace vigil::storage {
namespace {

namespace fs = std::filesystem;

// Beside the data directory: the copy while it grows, and what it replaces.
constexpr const char* kGrowing = ".restoring";
constexpr const char* kReplaced = ".replaced";

absl::Status VerifyJournal(const std::string& directory, KeyValueStore& store) {
  const auto files = OpenSegmentDirectory(directory);
  absl::Status status;
  const absl::Status walked = CheckSegments(
      *files, store, [](uint8_t, JournalPosition, std::string_view) { return absl::OkStatus(); },
      [&](const JournalDamage& damage) {
        if (damage.torn_end || !status.ok()) return;
        status = absl::DataLossError(
            fmt::format("the snapshot is damaged (`vigil doctor {}` tells more): {}: offset {}: {}",
                        directory, files->NameOf(damage.segment), damage.offset, damage.what));
      });
  return walked.ok() ? status : walked;
}

absl::Status Verify(const std::string& directory) {
  VIGIL_ASSIGN_OR_RETURN(
      const auto snapshot,
      OfflineRocksDb::Open({.directory = directory, .log_mode = OfflineRocksDb::LogMode::kWhole}));
  for (const OfflineRocksDb::Table& table : snapshot->Tables()) {
    VIGIL_RETURN_IF_ERROR_WITH(
        VerifyTable(table.path),
        fmt::format("the snapshot is damaged (`vigil doctor {}` tells more): {}", directory,
                    table.path));
  }
  return VerifyJournal(directory, snapshot->store());
}

absl::Status CheckTarget(const fs::path& target, bool overwrite) {
  std::error_code error;
  if (!fs::exists(target, error)) return absl::OkStatus();
  if (!fs::is_directory(target, error)) {
    return absl::FailedPreconditionError(
        fmt::format("{} exists and is no directory", target.string()));
  }
  if (fs::is_empty(target, error)) return absl::OkStatus();
  if (!overwrite) {
    return absl::FailedPreconditionError(fmt::format(
        "{} is not empty: name another directory, or give up what is in it with --overwrite",
        target.string()));
  }
  return absl::OkStatus();
}

absl::Status CheckApart(const fs::path& source, const fs::path& target) {
  const auto within = [](const fs::path& path, const fs::path& directory) {
    const fs::path relative = path.lexically_relative(directory);
    return !relative.empty() && *relative.begin() != "..";
  };
  if (within(target, source) || within(source, target)) {
    return absl::InvalidArgumentError(
        fmt::format("{} and {} lie in one another", source.string(), target.string()));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<fs::path>> FilesOf(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->is_regular_file(error) && entry->path().filename() != "LOCK") {
      files.push_back(entry->path());
    }
  }
  if (error) return ErrnoStatus(error.value(), "listing", directory);
  return files;
}

absl::Status CheckRoom(const std::vector<fs::path>& files, const fs::path& parent) {
  uint64_t needed = 0;
  for (const fs::path& file : files) {
    std::error_code error;
    needed += fs::file_size(file, error);
  }
  VIGIL_ASSIGN_OR_RETURN(const uint64_t free, FreeBytes(parent.string()));
  if (needed <= free) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      fmt::format("the snapshot has {} bytes, {} are free in {}", needed, free, parent.string()));
}

absl::StatusOr<RestoreResult> Copy(const std::vector<fs::path>& files, const fs::path& target) {
  std::error_code error;
  fs::remove_all(target, error);  // Of a restore that was cut off.
  if (!fs::create_directory(target, error)) return ErrnoStatus(error.value(), "making", target);
  RestoreResult result;
  for (const fs::path& file : files) {
    const fs::path copy = target / file.filename();
    if (!fs::copy_file(file, copy, error)) return ErrnoStatus(error.value(), "copying to", copy);
    VIGIL_RETURN_IF_ERROR(SyncPath(copy));
    ++result.files;
    result.bytes += fs::file_size(copy, error);
  }
  VIGIL_RETURN_IF_ERROR(SyncPath(target));
  return result;
}

// `grown` takes the place of `target`, which may exist.
absl::Status Swap(const fs::path& grown, const fs::path& target) {
  std::error_code error;
  const fs::path replaced = target.string() + kReplaced;
  const bool exists = fs::exists(target, error);
  fs::remove_all(replaced, error);
  if (exists) {
    fs::rename(target, replaced, error);
    if (error) return ErrnoStatus(error.value(), "moving aside", target);
  }
  fs::rename(grown, target, error);
  if (error) {
    const absl::Status status = ErrnoStatus(error.value(), "renaming the copy to", target);
    if (exists) fs::rename(replaced, target, error);
    return status;
  }
  VIGIL_RETURN_IF_ERROR(SyncPath(target.parent_path()));
  fs::remove_all(replaced, error);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RestoreResult> RestoreSnapshot(const RestoreOptions& options) {
  std::error_code error;
  const fs::path source = fs::weakly_canonical(options.snapshot_dir, error);
  fs::path target = fs::weakly_canonical(fs::absolute(options.data_dir), error);
  if (!target.has_filename()) target = target.parent_path();
  VIGIL_ASSIGN_OR_RETURN(const auto hold,
                         DirectoryHold::Acquire(source.string(), DirectoryHold::Mode::kRead));
  VIGIL_RETURN_IF_ERROR(CheckApart(source, target));
  VIGIL_RETURN_IF_ERROR(CheckTarget(target, options.overwrite));
  std::unique_ptr<DirectoryHold> old;
  if (fs::exists(target / "CURRENT", error)) {
    VIGIL_ASSIGN_OR_RETURN(old,
                           DirectoryHold::Acquire(target.string(), DirectoryHold::Mode::kWrite));
  }
  VIGIL_RETURN_IF_ERROR(Verify(source.string()));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<fs::path> files, FilesOf(source));
  VIGIL_RETURN_IF_ERROR(MakeDirectories(target.parent_path().string()));
  VIGIL_RETURN_IF_ERROR(CheckRoom(files, target.parent_path()));
  const fs::path growing = target.string() + kGrowing;
  absl::StatusOr<RestoreResult> result = Copy(files, growing);
  if (result.ok()) {
    const absl::Status swapped = Swap(growing, target);
    if (!swapped.ok()) result = swapped;
  }
  if (!result.ok()) fs::remove_all(growing, error);
  return result;
}

}  // namespace vigil::storage
