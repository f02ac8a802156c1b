// SPDX-License-Identifier: Apache-2.0
//
// Columns of doubles, kept bit for bit: NaNs with their payloads, infinities and -0 come back as
// they were. The encoding is the one that measures smallest on the values at hand.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "storage/codec/bytes.h"
#include "storage/codec/effort.h"

namespace vigil::storage {

// Appends `values`; nothing for no values. Their number is not kept.
void AppendFloatColumn(std::span<const double> values, std::string* out,
                       CodecEffort effort = CodecEffort::kQuick);

// Reads out.size() values. When `reader` fails `out` is unspecified.
void ReadFloatColumn(ByteReader* reader, std::string_view field, std::span<double> out);

// Passes over a column of `count` values and reads those from `begin` on into `out`, without
// decoding all others where it can. Requires: begin + out.size() <= count.
void ReadFloatColumnPart(ByteReader* reader, std::string_view field, size_t count, size_t begin,
                         std::span<double> out);

// "constant", "decimal(2) delta", "xor bytes" and so on: how the column that begins `bytes` is
// encoded.
std::string FloatEncodingName(std::string_view bytes);

}  // namespace vigil::storage
