// SPDX-License-Identifier: Apache-2.0
//
// The disk under a data directory: whether there is room for more, and whether the directory is
// still the one that was opened.
#pragma once

#include <cstdint>
#include <string>

#include <absl/status/status.h>

namespace vigil::storage {

// Thread-safe. Asks the system at each call, which takes microseconds.
class DiskSpace {
 public:
  // `directory` must exist.
  explicit DiskSpace(std::string directory);

  // ResourceExhausted unless `bytes` may be added: the last part of the disk is kept for what gives
  // space back (deletions, and the flushes and compactions behind them).
  absl::Status CheckFree(uint64_t bytes) const;

  // Unavailable when the directory was removed, emptied, or is another one now (a disk that is no
  // longer mounted): what is written then is gone with the process.
  absl::Status CheckThere() const;

  // 0 when the system does not tell.
  uint64_t FreeBytes() const;

 private:
  const std::string directory_;
  const std::string marker_;  // A file that is always there once the store is open.
  uint64_t device_ = 0;
  uint64_t inode_ = 0;
};

}  // namespace vigil::storage
