// SPDX-License-Identifier: Apache-2.0
//
// Files, as far as configuration and data directories need them. What the store keeps goes through
// storage/kv instead.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

namespace vigil {

// "<action> <path>: <reason>" with the code that fits the system's error number `error`.
absl::Status ErrnoStatus(int error, std::string_view action, const std::string& path);

// Makes what was written to a file, or to a directory's list of names, last.
absl::Status SyncPath(const std::string& path);

// The whole file. NotFound, PermissionDenied or Unavailable name the path and the system's reason.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// Replaces `path` by `contents` in one step (written beside it, synced, renamed).
absl::Status WriteFile(const std::string& path, std::string_view contents);

// Makes `path` and its parents; fine if it exists. FailedPrecondition if something else is there.
absl::Status MakeDirectories(const std::string& path);

// Whether files can be made in the directory `path`; the status says why not.
absl::Status CheckWritable(const std::string& path);

// The files that match a shell pattern, sorted, each once. No match gives an empty list.
absl::StatusOr<std::vector<std::string>> Glob(const std::string& pattern);

// Free bytes for ordinary users on the file system that holds `path`.
absl::StatusOr<uint64_t> FreeBytes(const std::string& path);

// Holds `path` locked against other processes until destroyed.
class FileLock {
 public:
  // FailedPrecondition when another process holds it, with that process's id.
  static absl::StatusOr<std::unique_ptr<FileLock>> Acquire(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

}  // namespace vigil
