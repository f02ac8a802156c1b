// SPDX-License-Identifier: Apache-2.0
//
// The rows of Family::kMeta that say how a data directory is to be read.
#pragma once

#include <string_view>

#include <absl/status/status.h>

#include "storage/kv/kv_store.h"

namespace vigil::storage {

inline constexpr std::string_view kFormatRow = "format";
inline constexpr std::string_view kShardsRow = "shards";  // How many there are, in digits.

// Raised when a directory of an older vigil can no longer be read as it is.
inline constexpr std::string_view kFormatVersion = "4";
// Has its journal in the key-value store; opening moves it.
inline constexpr std::string_view kMovableFormatVersion = "3";

// FailedPrecondition unless a directory whose format row says `format` is one that this vigil
// opens.
absl::Status CheckFormat(std::string_view format);

// Notes in a directory of an earlier version that it is one of this version now. Requires: nothing
// of it is still to be moved; CheckFormat.
absl::Status RaiseFormat(KeyValueStore& store);

}  // namespace vigil::storage
