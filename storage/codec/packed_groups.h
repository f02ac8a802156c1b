// SPDX-License-Identifier: Apache-2.0
//
// Integers in groups of 128, each packed with as many bits as most of its values need above a
// common reference; the few that need more are kept beside them. Small differences, counters with
// a reset among them and jitter with an outlier all come out small, and reading is a plain loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "storage/codec/bytes.h"

namespace vigil::storage {

// A group has one byte a value for positions, and fits the first-level cache many times.
inline constexpr size_t kGroupSize = 128;

// Appends `values`, taken as two's complement (small negative ones are as cheap as small positive
// ones). Their number is not kept.
void AppendGroups(std::span<const uint64_t> values, std::string* out);

// Reads out.size() values. When `reader` fails `out` is unspecified.
void ReadGroups(ByteReader* reader, std::string_view field, std::span<uint64_t> out);

}  // namespace vigil::storage
