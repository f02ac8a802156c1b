// SPDX-License-Identifier: Apache-2.0
//
// A run of bytes, compressed with Zstandard where that pays.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "storage/codec/bytes.h"

namespace vigil::storage {

// Bytes of a run before compression at most. Compressed bytes may claim any length, so the claim
// needs a bound; no block has nearly as much text.
inline constexpr size_t kMaxTextBytes = size_t{128} << 20;

// Requires: payload.size() <= kMaxTextBytes.
void AppendCompressed(std::string_view payload, std::string* out);

// The run that AppendCompressed wrote; "" when `reader` fails.
std::string ReadCompressed(ByteReader* reader, std::string_view field);

}  // namespace vigil::storage
