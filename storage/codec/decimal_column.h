// SPDX-License-Identifier: Apache-2.0
//
// Doubles that are short decimals (counters, prices, percentages with two digits) as integers: each
// value is m / 10^k for one k. What is not (NaN, staleness markers, -0, a stray true float) is kept
// beside the integers, bit for bit.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/codec/bytes.h"
#include "storage/codec/effort.h"

namespace vigil::storage {

// Digits behind the point at most.
inline constexpr int kMaxDecimalExponent = 15;

// An encoded column and the k to read it with.
struct DecimalColumn {
  int exponent = 0;
  std::string bytes;
};

// nullopt if too many values are not decimals for this to pay.
std::optional<DecimalColumn> EncodeDecimalColumn(std::span<const double> values,
                                                 CodecEffort effort = CodecEffort::kQuick);

// Passes over a column of `count` values and reads those from `begin` on into `out`. Requires:
// 0 <= exponent <= kMaxDecimalExponent, begin + out.size() <= count. When `reader` fails `out` is
// unspecified.
void ReadDecimalColumn(ByteReader* reader, std::string_view field, int exponent, size_t count,
                       size_t begin, std::span<double> out);

}  // namespace vigil::storage
