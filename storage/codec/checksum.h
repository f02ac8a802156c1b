// SPDX-License-Identifier: Apache-2.0
//
// The four bytes at the end of every block that tell whether it is still what was written.
#pragma once

#include <string>
#include <string_view>

#include <absl/status/statusor.h>

namespace vigil::storage {

inline constexpr size_t kChecksumBytes = 4;

// Appends the low 32 bits of `*block`'s 64-bit xxHash3, little-endian.
void AppendChecksum(std::string* block);

// `block` without its checksum; DataLoss if that does not match.
absl::StatusOr<std::string_view> VerifyChecksum(std::string_view block);

}  // namespace vigil::storage
