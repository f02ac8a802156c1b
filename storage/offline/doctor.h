// SPDX-License-Identifier: Apache-2.0
//
// Examines a data directory that nobody serves, and repairs one.
#pragma once

#include <string>

#include <absl/status/statusor.h>

#include "storage/offline/diagnosis.h"

namespace vigil::storage {

// Verifies everything in `directory` without changing it. What cannot be opened as it is, is
// examined in a copy beside it that shares its tables ("DIRECTORY.doctor") and goes at the end.
// NotFound when it is no data directory, FailedPrecondition when a server has it or another version
// wrote it, DataLoss when nothing can be made of it at all.
absl::StatusOr<Diagnosis> Examine(const std::string& directory);

// Puts in the place of `directory` a copy that has everything that is in order and nothing else,
// with rows that can be told from others made anew. What was there before stays beside it as
// `kept_as` ("DIRECTORY.damaged", which must not exist). Nothing is done when nothing is broken.
// After any failure `directory` is what it was.
struct Repair {
  Diagnosis diagnosis;  // Of the directory as it was.
  std::string kept_as;  // "" if nothing was done.
};
absl::StatusOr<Repair> RepairDirectory(const std::string& directory);

}  // namespace vigil::storage
