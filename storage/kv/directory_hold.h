// SPDX-License-Identifier: Apache-2.0
//
// Keeps servers away from a data directory while a tool works on it.
#pragma once

#include <memory>
#include <string>

#include <absl/status/statusor.h>

namespace vigil::storage {

// Holds RocksDB's own lock file, so that a server that is started meanwhile is refused as if
// another ran. Such locks belong to the process: whoever opens the same directory as a store in
// this process must have dropped the hold before.
class DirectoryHold {
 public:
  enum class Mode {
    kRead,   // Others may hold it to read too.
    kWrite,  // Nobody else.
  };
  // NotFound when `directory` is no data directory, FailedPrecondition when a server, or another
  // tool, has it; both name the directory. A directory without a lock file (a fresh snapshot) is
  // held by nobody: then nothing is locked.
  static absl::StatusOr<std::unique_ptr<DirectoryHold>> Acquire(const std::string& directory,
                                                                Mode mode);
  ~DirectoryHold();
  DirectoryHold(const DirectoryHold&) = delete;
  DirectoryHold& operator=(const DirectoryHold&) = delete;

 private:
  explicit DirectoryHold(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;  // -1 if there is nothing to lock.
};

}  // namespace vigil::storage
