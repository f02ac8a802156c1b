// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/bit_packing.h"

#include <algorithm>
#include <cstring>

namespace vigil::storage {
namespace {

uint64_t MaskOf(int width) { return width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1; }

uint64_t Load64(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// Widths up to 57 bits fit one unaligned load whatever their bit offset.
constexpr int kMaxOneLoadWidth = 57;

void UnpackNarrow(const char* bytes, int width, std::span<uint64_t> out) {
  const uint64_t mask = MaskOf(width);
  size_t bit = 0;
  for (uint64_t& value : out) {
    value = (Load64(bytes + bit / 8) >> (bit % 8)) & mask;
    bit += static_cast<size_t>(width);
  }
}

void UnpackWide(const char* bytes, int width, std::span<uint64_t> out) {
  const uint64_t mask = MaskOf(width);
  size_t bit = 0;
  for (uint64_t& value : out) {
    const char* const at = bytes + bit / 8;
    const unsigned shift = bit % 8;
    uint64_t word = Load64(at) >> shift;
    // The ninth byte; shifted twice since a shift by 64 is undefined.
    word |= (static_cast<uint64_t>(static_cast<uint8_t>(at[8])) << 1) << (63 - shift);
    value = word & mask;
    bit += static_cast<size_t>(width);
  }
}

void UnpackUnchecked(const char* bytes, int width, std::span<uint64_t> out) {
  if (width <= kMaxOneLoadWidth) {
    UnpackNarrow(bytes, width, out);
  } else {
    UnpackWide(bytes, width, out);
  }
}

}  // namespace

void AppendPacked(std::span<const uint64_t> values, int width, std::string* out) {
  const size_t start = out->size();
  out->resize(start + PackedSize(values.size(), width));
  char* at = out->data() + start;
  const uint64_t mask = MaskOf(width);
  uint64_t pending = 0;  // Bits not yet written, `filled` of them.
  int filled = 0;
  for (uint64_t value : values) {
    value &= mask;
    pending |= value << filled;
    if (filled + width < 64) {
      filled += width;
      continue;
    }
    std::memcpy(at, &pending, sizeof(pending));
    at += sizeof(pending);
    const int written = 64 - filled;
    pending = written == 64 ? 0 : value >> written;
    filled = width - written;
  }
  std::memcpy(at, &pending, static_cast<size_t>(filled + 7) / 8);
}

void Unpack(std::string_view packed, size_t slack, int width, std::span<uint64_t> out) {
  constexpr size_t kOverread = 8;
  if (width == 0) {
    std::fill(out.begin(), out.end(), 0);
    return;
  }
  if (slack >= kOverread) return UnpackUnchecked(packed.data(), width, out);
  // The loops may read beyond the last value's bytes: give them a copy with room behind it, in
  // chunks that begin on a byte.
  constexpr size_t kChunk = 64;
  char copy[kChunk * 8 + kOverread] = {};
  for (size_t i = 0; i < out.size(); i += kChunk) {
    const std::span<uint64_t> chunk = out.subspan(i, std::min(kChunk, out.size() - i));
    std::memcpy(copy, packed.data() + PackedSize(i, width), PackedSize(chunk.size(), width));
    UnpackUnchecked(copy, width, chunk);
  }
}

}  // namespace vigil::storage
