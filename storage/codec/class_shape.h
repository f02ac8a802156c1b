// SPDX-License-Identifier: Apache-2.0
//
// What the writer and the reader of class codes must agree on; docs/format/metric_block.md has it
// in full.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "storage/codec/class_codes.h"

namespace vigil::storage {

// The first classes are runs of zeros, one for each length in bits of the run's length.
inline constexpr size_t kRunClasses = 21;
inline constexpr int kMaxExactBits = 6;
// The first byte: the exact bits from this bit on, the mantissa bits below, and a flag.
inline constexpr int kParameterShift = 4;
inline constexpr uint8_t kLanedFlag = 0x80;
inline constexpr size_t kLanes = 4;  // Of columns that have them.

inline size_t ClassesOf(const ClassParameters& parameters) {
  return kRunClasses + (size_t{1} << parameters.exact_bits) +
         (static_cast<size_t>(64 - parameters.exact_bits) << parameters.mantissa_bits);
}

// The values or runs of a class: the bits above the extra ones, and how many those are.
struct ClassShape {
  uint64_t prefix;
  unsigned extra_bits;
};

inline ClassShape ShapeOf(size_t symbol, const ClassParameters& parameters) {
  if (symbol < kRunClasses) return {1, static_cast<unsigned>(symbol)};
  symbol -= kRunClasses;
  const size_t exact = size_t{1} << parameters.exact_bits;
  if (symbol < exact) return {symbol, 0};
  symbol -= exact;
  const uint64_t top = symbol & ((uint64_t{1} << parameters.mantissa_bits) - 1);
  return {(uint64_t{1} << parameters.mantissa_bits) | top,
          static_cast<unsigned>((symbol >> parameters.mantissa_bits) +
                                static_cast<size_t>(parameters.exact_bits) -
                                static_cast<size_t>(parameters.mantissa_bits))};
}

// The values of one lane; all of them if there are no lanes.
template <typename T>
std::span<T> LaneOf(std::span<T> values, bool laned, size_t lane) {
  if (!laned) return values;
  const size_t most = (values.size() + kLanes - 1) / kLanes;
  const size_t begin = std::min(values.size(), lane * most);
  return values.subspan(begin, std::min(most, values.size() - begin));
}

}  // namespace vigil::storage
