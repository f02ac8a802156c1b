// SPDX-License-Identifier: Apache-2.0
//
// Bitmaps as bytes: all, none, the bits themselves, or the positions of the rarer kind of bit.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "storage/codec/bitmap.h"
#include "storage/codec/bytes.h"

namespace vigil::storage {

// Appends `bits`. Their number is not kept.
void AppendBitmap(const Bitmap& bits, std::string* out);

// Reads a bitmap of `size` bits; when `reader` fails it is unspecified.
Bitmap ReadBitmap(ByteReader* reader, std::string_view field, size_t size);

}  // namespace vigil::storage
