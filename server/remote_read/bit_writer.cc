// SPDX-License-Identifier: Apache-2.0
#include "server/remote_read/bit_writer.h"

#include <array>
#include <cstddef>

namespace vigil::server {
namespace {

constexpr std::array<int, 7> kClassBits = {3, 6, 9, 12, 18, 25, 56};
constexpr int kAllBits = 64;
// All classes but the last end their prefix with a zero.
constexpr int kLongestPrefix = 8;

}  // namespace

void BitWriter::InClass(size_t number, uint64_t value) {
  const int ones = static_cast<int>(number) + 1;
  if (number == kClassBits.size()) {
    Bits((1u << kLongestPrefix) - 1, kLongestPrefix);
    return Bits(value, kAllBits);
  }
  Bits((1u << (ones + 1)) - 2, ones + 1);
  Bits(value, kClassBits[number]);
}

void BitWriter::VarbitInt(int64_t value) {
  if (value == 0) return Bits(0, 1);
  size_t number = 0;
  while (number < kClassBits.size() && !FitsBits(value, kClassBits[number])) ++number;
  InClass(number, static_cast<uint64_t>(value));
}

void BitWriter::VarbitUint(uint64_t value) {
  if (value == 0) return Bits(0, 1);
  size_t number = 0;
  while (number < kClassBits.size() && value >> kClassBits[number] != 0) ++number;
  InClass(number, value);
}

}  // namespace vigil::server
