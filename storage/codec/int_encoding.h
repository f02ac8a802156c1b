// SPDX-License-Identifier: Apache-2.0
//
// What the writer and the reader of integer columns must agree on; docs/format/metric_block.md has
// it in full.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vigil::storage {

// The low bits of a column's first byte. Persisted: never renumber.
//
// Behind the byte of columns in pieces: the order d of the differences (byte 0..2), the varint
// number p of differences in a piece, and for each piece what it starts from: d zigzags (its first
// value, the first difference), each as distance from that of the piece before, of the first one
// from 0. Then follow, of p differences of order d to a piece,
//   coded in pieces:   zigzag reference r and pieces of class codes of zigzag(x - r);
//   packed in pieces:  for each piece the zigzag of its bytes less those of the piece before, then
//                      the groups of all pieces.
enum class IntEncoding : uint8_t {
  kConstant = 0,
  kStep = 1,
  kPacked = 2,
  kDelta = 3,
  kDeltaOfDelta = 4,
  kCoded = 5,
  kCodedPieces = 6,
  kPackedPieces = 7,
};
// Set in the first byte of columns of which a base was taken off and the rest divided.
inline constexpr uint8_t kScaledFlag = 0x80;

// Set in the order's byte of coded columns: codes are of x - r, which is unsigned, not of its
// zigzag.
inline constexpr uint8_t kUnsignedFlag = 0x80;

// How often a column takes differences at most before it keeps them.
inline constexpr size_t kMaxOrder = 2;

}  // namespace vigil::storage
