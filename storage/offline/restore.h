// SPDX-License-Identifier: Apache-2.0
//
// Puts a snapshot back as a data directory.
#pragma once

#include <cstdint>
#include <string>

#include <absl/status/statusor.h>

namespace vigil::storage {

struct RestoreOptions {
  std::string snapshot_dir;
  std::string data_dir;
  bool overwrite = false;  // What is in `data_dir` may go.
};

struct RestoreResult {
  uint64_t files = 0;
  uint64_t bytes = 0;
};

// Verifies the snapshot, then copies it; the snapshot stays as it is and shares nothing with the
// copy. `data_dir` must not exist or be empty unless it may be overwritten. The copy is made beside
// it under another name and takes its place in one step, so that after any failure `data_dir` is
// what it was. DataLoss: the snapshot is damaged; FailedPrecondition: `data_dir` is not empty, or
// one of the two is in use; ResourceExhausted: the disk is full.
absl::StatusOr<RestoreResult> RestoreSnapshot(const RestoreOptions& options);

}  // namespace vigil::storage
