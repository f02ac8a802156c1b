// SPDX-License-Identifier: Apache-2.0
//
// True floats: each value's bits are combined by exclusive or with those of the value before, which
// leaves zeros where the two agree (sign, exponent, first digits). Nothing is computed with the
// values, so every bit pattern comes back as it was.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "storage/codec/bytes.h"

namespace vigil::storage {

// Packed in groups: for values that move evenly.
void AppendXorGroups(std::span<const double> values, std::string* out);
void ReadXorGroups(ByteReader* reader, std::string_view field, std::span<double> out);

// As many bytes as each takes: for values that often repeat, and sometimes jump.
void AppendXorBytes(std::span<const double> values, std::string* out);
void ReadXorBytes(ByteReader* reader, std::string_view field, std::span<double> out);

// Require (all): at least one value. When a `reader` fails `out` is unspecified.

}  // namespace vigil::storage
