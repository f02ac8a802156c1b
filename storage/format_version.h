// SPDX-License-Identifier: Apache-2.0
//
// The rows of Family::kMeta that say how a data directory is to be read.
#pragma once

#include <string_view>

#include <absl/status/status.h>

namespace vigil::storage {

inline constexpr std::string_view kFormatRow = "format";
inline constexpr std::string_view kShardsRow = "shards";  // How many there are, in digits.

// Raised when a directory of an older vigil can no longer be read as it is.
inline constexpr std::string_view kFormatVersion = "3";

// FailedPrecondition unless a directory whose format row says `format` is one of this vigil's.
absl::Status CheckFormat(std::string_view format);

}  // namespace vigil::storage
