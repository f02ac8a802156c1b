// SPDX-License-Identifier: Apache-2.0
#include "server/remote_read/bit_writer.h"

#include <bitset>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace vigil::server {
namespace {

// What `write` writes as digits, a space behind each byte.
template <typename Write>
std::string Digits(const Write& write) {
  std::string bytes;
  BitWriter bits(&bytes);
  write(bits);
  std::string text;
  for (const char byte : bytes) {
    text += std::bitset<8>(static_cast<unsigned char>(byte)).to_string() + " ";
  }
  return text;
}

TEST(BitWriterTest, HighestBitsFirst) {
  EXPECT_EQ(Digits([](BitWriter& bits) {
              bits.Bits(1, 1);
              bits.Bits(0b0110, 4);
              bits.Bits(0x1234, 16);
            }),
            "10110000 10010001 10100000 ");
  EXPECT_EQ(Digits([](BitWriter& bits) { bits.Bits(~uint64_t{0}, 64); }),
            "11111111 11111111 11111111 11111111 11111111 11111111 11111111 11111111 ");
  EXPECT_EQ(Digits([](BitWriter& bits) { bits.Bits(0xFF, 3); }), "11100000 ");
}

TEST(BitWriterTest, SignedClasses) {
  const auto digits = [](int64_t value) {
    return Digits([value](BitWriter& bits) { bits.VarbitInt(value); });
  };
  EXPECT_EQ(digits(0), "00000000 ");
  EXPECT_EQ(digits(4), "10100000 ");
  EXPECT_EQ(digits(-3), "10101000 ");
  EXPECT_EQ(digits(-4), "11011110 00000000 ");
  EXPECT_EQ(digits(32), "11010000 00000000 ");
  EXPECT_EQ(digits(33), "11100001 00001000 ");
  EXPECT_EQ(digits(2048), "11110100 00000000 00000000 ");
  EXPECT_EQ(digits(1 << 17), "11111010 00000000 00000000 ");
  EXPECT_EQ(digits(1 << 24), "11111101 00000000 00000000 00000000 ");
  EXPECT_EQ(digits(std::numeric_limits<int64_t>::min()),
            "11111111 10000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 ");
}

TEST(BitWriterTest, UnsignedClasses) {
  const auto digits = [](uint64_t value) {
    return Digits([value](BitWriter& bits) { bits.VarbitUint(value); });
  };
  EXPECT_EQ(digits(0), "00000000 ");
  EXPECT_EQ(digits(7), "10111000 ");
  EXPECT_EQ(digits(8), "11000100 00000000 ");
  EXPECT_EQ(digits(511), "11101111 11111000 ");
  EXPECT_EQ(digits(uint64_t{1} << 56),
            "11111111 00000001 00000000 00000000 00000000 00000000 00000000 00000000 00000000 ");
}

}  // namespace
}  // namespace vigil::server
