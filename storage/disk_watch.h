// SPDX-License-Identifier: Apache-2.0
//
// Tells people whether the disk lets the store write: a gauge, a line in the log when that changes,
// a figure of `vigil status`. The key-value store itself refuses writes; see disk_space.h.
#pragma once

#include <optional>
#include <string>

#include "base/mutex.h"
#include "storage/kv/disk_space.h"

namespace vigil::storage {

// Thread-safe.
class DiskWatch {
 public:
  // An empty name: the store is on no disk.
  explicit DiskWatch(const std::string& directory);

  // Looks, and tells of changes. Returns "taken", or why writes are refused.
  std::string Look();

 private:
  const std::string directory_;
  std::optional<DiskSpace> disk_;
  Mutex mutex_;
  bool refused_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace vigil::storage
