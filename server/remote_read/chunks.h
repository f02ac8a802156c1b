// SPDX-License-Identifier: Apache-2.0
//
// Samples as Prometheus' chunks, which remote read streams.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "storage/model/sample.h"

namespace vigil::server {

// Numbered as remote read does.
enum class ChunkKind : uint8_t { kXor = 1, kFloatHistogram = 3 };

struct Chunk {
  ChunkKind kind = ChunkKind::kXor;
  int64_t min_time_ms = 0;
  int64_t max_time_ms = 0;
  std::string data;
};

// As Prometheus cuts them.
inline constexpr size_t kSamplesPerChunk = 120;

// All of `samples`, staleness markers included, in chunks whose times ascend.
//
// Floats (XOR chunks), bits with the highest first, the last byte filled up with zeros:
//
//   | count u16 | time varint | value f64 | delta uvarint | xor | dod | xor | dod | xor ...
//
//   `delta` is the second time minus the first, `dod` the delta minus the one before:
//     0 | 10 + 14 bits | 110 + 17 | 1110 + 20 | 1111 + 64
//   `xor` of the value's bits with those of the one before:
//     0 | 10 + the bits where the last one with its own place had some
//       | 11 + leading zeros 5 bits (at most 31) + length 6 bits (64 as 0) + that many bits
//
// Histograms, all of one layout and without a reset among them, so that what a reader takes them
// for, after the first, is right: counters that were not reset, or gauges.
//
//   | count u16 | flags u8 | zero threshold | schema int | positive spans | negative spans
//   | custom bounds, of schema -53 alone | samples ...
//
//   flags: 0x80 reset before the first, 0x40 none, 0xc0 gauges, 0 not known
//   zero threshold: u8 e: 0 is none, 1 to 254 is 2^(e-244), of 255 the f64 follows
//   spans: number uint, then length uint and offset int of each
//   custom bounds: number uint, then of each uint 1000*b+1 if that tells it, else a 0 bit and f64
//   a sample: time (int, then its delta, then dods), count, zero count, sum and each bucket, which
//   are f64 in the first and then `xor`s as above
//
// int and uint are BitWriter's.
std::vector<Chunk> EncodeChunks(const storage::SampleColumns& samples);

}  // namespace vigil::server
