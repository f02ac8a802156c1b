// SPDX-License-Identifier: Apache-2.0
//
// Columns of ids of one width (trace ids, span ids): random bytes, of which some repeat.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "storage/codec/bytes.h"

namespace vigil::storage {

// Appends the ids that stand one behind the other in `ids`; nothing for none. Their number is not
// kept. Requires: ids.size() is a multiple of `width`.
void AppendIdColumn(std::string_view ids, size_t width, std::string* out);

// Fills `out`, whose size is a multiple of `width`. When `reader` fails it is unspecified.
void ReadIdColumn(ByteReader* reader, std::string_view field, size_t width, std::span<char> out);

// "raw", "dictionary(7)".
std::string IdEncodingName(std::string_view bytes);

}  // namespace vigil::storage
