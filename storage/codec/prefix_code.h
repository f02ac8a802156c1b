// SPDX-License-Identifier: Apache-2.0
//
// Prefix (Huffman) codes of bounded length over a small alphabet: from counts to code lengths, from
// lengths to codes, and the lengths as bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/codec/bytes.h"

namespace vigil::storage {

// A table indexed by the next bits of a stream stays within the first-level cache.
inline constexpr int kMaxCodeBits = 12;

// The length in bits of each symbol's code, 0 for symbols that do not occur. The code is complete:
// every sequence of bits is one of codes; but for a single symbol, whose code is one bit long.
// Requires: some count is not 0; at most 2^max_bits / 2 are; max_bits <= kMaxCodeBits.
std::vector<uint8_t> CodeLengths(std::span<const uint32_t> counts, int max_bits = kMaxCodeBits);

// A symbol that occurs, and the code it has.
struct SymbolCode {
  uint16_t symbol = 0;
  uint8_t length = 0;
  uint16_t code = 0;
  friend bool operator==(const SymbolCode&, const SymbolCode&) = default;
};
// The canonical codes of those lengths (shorter ones first, then by symbol, counting up), with
// their bits reversed: the bit that is told first is the lowest. Ascending by symbol.
std::vector<SymbolCode> CanonicalCodes(std::span<const uint8_t> lengths);

void AppendCodeLengths(std::span<const uint8_t> lengths, std::string* out);

// Lengths of `symbols` symbols that make a code as above; "" when `reader` fails.
std::vector<uint8_t> ReadCodeLengths(ByteReader* reader, std::string_view field, size_t symbols);

}  // namespace vigil::storage
