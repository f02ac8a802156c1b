// SPDX-License-Identifier: Apache-2.0
//
// Unsigned integers of a fixed number of bits, one behind the other, from the low bits up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace vigil::storage {

// Bytes that `count` values of `width` bits take.
inline constexpr size_t PackedSize(size_t count, int width) {
  return (count * static_cast<size_t>(width) + 7) / 8;
}

// Appends the low `width` bits of each value. Requires: 0 <= width <= 64.
void AppendPacked(std::span<const uint64_t> values, int width, std::string* out);

// Reads out.size() values. Requires: packed.size() == PackedSize(out.size(), width). The `slack`
// bytes behind `packed` are readable too; eight of them let the fast loop run to the end.
void Unpack(std::string_view packed, size_t slack, int width, std::span<uint64_t> out);

}  // namespace vigil::storage
