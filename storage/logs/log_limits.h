// SPDX-License-Identifier: Apache-2.0
//
// The limits of the log store in one place.
#pragma once

#include <cstdint>

namespace vigil::storage {

// Numbers of streams and records stay below 2^62: they are kept in columns of int64, and adding the
// size of a batch to one never overflows.
inline constexpr uint64_t kMaxLogNumber = uint64_t{1} << 62;

}  // namespace vigil::storage
