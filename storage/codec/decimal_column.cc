// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/decimal_column.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include "base/wide.h"
#include "storage/codec/int_column.h"

namespace vigil::storage {
namespace {

// Powers of ten that doubles hold exactly, so that dividing by them rounds once and correctly.
constexpr std::array<double, kMaxDecimalExponent + 1> kPowers = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

// Below 2^51 adding and subtracting 1.5 * 2^52 rounds to an integer; larger m have all the digits a
// double has and gain nothing.
constexpr double kMaxScaled = 0x1p51;
constexpr double kRounder = 0x1.8p52;
constexpr double kMaxInt = 0x1p63;

uint64_t BitsOf(double value) { return std::bit_cast<uint64_t>(value); }

// Whether m / 10^exponent is `value` bit for bit, and that m. NaN fails the comparisons, so no
// arithmetic touches it.
bool FitsDecimal(double value, int exponent, int64_t* m) {
  if (exponent == 0) {
    if (!(std::fabs(value) < kMaxInt)) return false;
    *m = static_cast<int64_t>(value);
    return BitsOf(static_cast<double>(*m)) == BitsOf(value);
  }
  if (!(std::fabs(value) < kMaxScaled)) return false;
  const double power = kPowers[static_cast<size_t>(exponent)];
  const double scaled = value * power;
  if (!(std::fabs(scaled) < kMaxScaled)) return false;
  const double rounded = (scaled + kRounder) - kRounder;
  *m = static_cast<int64_t>(rounded);
  return BitsOf(static_cast<double>(*m) / power) == BitsOf(value);
}

// How many values may stand beside the integers: each costs nine bytes.
size_t MaxExceptions(size_t count) { return 1 + count / 8; }

// The smallest exponent at which every value fits that fits any; nullopt if too many fit none.
std::optional<int> FindExponent(std::span<const double> values) {
  int exponent = 0;
  size_t exceptions = 0;
  int64_t m;
  for (const double value : values) {
    int needed = exponent;
    while (needed <= kMaxDecimalExponent && !FitsDecimal(value, needed, &m)) ++needed;
    if (needed <= kMaxDecimalExponent) {
      exponent = needed;
    } else if (++exceptions > MaxExceptions(values.size())) {
      return std::nullopt;
    }
  }
  return exponent;
}

// Reads positions and bits of the values beside the integers, and puts those from `begin` on into
// `out`.
void PatchExceptions(ByteReader* reader, std::string_view field, size_t count, size_t begin,
                     std::span<double> out) {
  const uint64_t exceptions = reader->ReadVarintUpTo(count, field);
  size_t position = 0;
  for (uint64_t i = 0; i < exceptions && reader->ok(); ++i) {
    position += reader->ReadVarintUpTo(count, field);
    const uint64_t bits = reader->ReadFixed64(field);
    if (position >= count) {
      return reader->Fail(field, fmt::format("exception at {} of {}", position, count));
    }
    const size_t place = position - begin;  // Very large before `begin`.
    if (place < out.size()) out[place] = std::bit_cast<double>(bits);
  }
}

// What static_cast gives, divided by `power`, but by instructions that exist for several values at
// once: an integer of up to 51 bits in the mantissa of a double of the right size, from which that
// size is taken off.
template <bool kDivides>
void ToDoubles(std::span<const int64_t> integers, double power, double* out) {
  const bool fits = Wide(
      [](std::span<const int64_t> from, double divisor, double* to) {
        constexpr uint64_t kMagicBits = 0x4338'0000'0000'0000;  // 1.5 * 2^52
        constexpr uint64_t kMost = uint64_t{1} << 51;
        const auto magic = std::bit_cast<double>(kMagicBits);
        uint64_t beyond = 0;
        for (size_t i = 0; i < from.size(); ++i) {
          const auto integer = static_cast<uint64_t>(from[i]);
          beyond |= (integer + kMost) >> 52;
          const double value = std::bit_cast<double>(integer + kMagicBits) - magic;
          to[i] = kDivides ? value / divisor : value;
        }
        return beyond == 0;
      },
      integers, power, out);
  if (fits) return;
  for (size_t i = 0; i < integers.size(); ++i) {
    out[i] = static_cast<double>(integers[i]);
    if (kDivides) out[i] /= power;
  }
}

}  // namespace

// +-----------------------+----------------------+----------------------------------------------+
// | integer column: the m | varint number of     | for each: varint distance from the position  |
// | (see int_column.cc)   | exceptions           | of the one before, its 8 bytes               |
// +-----------------------+----------------------+----------------------------------------------+
// At an exception's position the integer repeats the one before, which costs the least.
std::optional<DecimalColumn> EncodeDecimalColumn(std::span<const double> values,
                                                 CodecEffort effort) {
  const std::optional<int> exponent = FindExponent(values);
  if (!exponent.has_value()) return std::nullopt;
  std::vector<int64_t> integers(values.size());
  std::string exceptions;
  size_t exception_count = 0;
  size_t last_position = 0;
  int64_t m = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    int64_t found;
    if (FitsDecimal(values[i], *exponent, &found)) {
      m = found;
    } else {
      // Also a value that fits a smaller exponent only, being too large for this one.
      if (++exception_count > MaxExceptions(values.size())) return std::nullopt;
      AppendVarint(i - last_position, &exceptions);
      AppendFixed64(BitsOf(values[i]), &exceptions);
      last_position = i;
    }
    integers[i] = m;
  }
  DecimalColumn column;
  column.exponent = *exponent;
  AppendIntColumn(integers, &column.bytes, effort);
  AppendVarint(exception_count, &column.bytes);
  column.bytes += exceptions;
  return column;
}

void ReadDecimalColumn(ByteReader* reader, std::string_view field, int exponent, size_t count,
                       size_t begin, std::span<double> out) {
  const double power = kPowers[static_cast<size_t>(exponent)];
  size_t done = 0;
  ReadIntStretches(reader, field, count, begin, out.size(), [&](std::span<const int64_t> integers) {
    double* const values = out.data() + done;
    done += integers.size();
    if (exponent == 0) {
      ToDoubles<false>(integers, power, values);
    } else {
      ToDoubles<true>(integers, power, values);
    }
  });
  if (reader->ok()) PatchExceptions(reader, field, count, begin, out);
}

}  // namespace vigil::storage
