// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/bit_packing.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace vigil::storage {
namespace {

std::vector<uint64_t> RandomValues(size_t count, int width) {
  std::mt19937_64 random(static_cast<uint64_t>(width) * 1000 + count);
  std::vector<uint64_t> values(count);
  for (uint64_t& value : values) value = width == 0 ? 0 : random() >> (64 - width);
  return values;
}

TEST(BitPacking, RoundTripsEveryWidthWithAndWithoutSlack) {
  for (int width = 0; width <= 64; ++width) {
    for (const size_t count : {0, 1, 2, 7, 8, 63, 64, 65, 127, 128, 300}) {
      const std::vector<uint64_t> values = RandomValues(count, width);
      std::string packed;
      AppendPacked(values, width, &packed);
      ASSERT_EQ(packed.size(), PackedSize(count, width));
      // On the heap without a byte to spare, for the sanitizers.
      const std::vector<char> exact(packed.begin(), packed.end());
      std::vector<uint64_t> unpacked(count);
      Unpack({exact.data(), exact.size()}, 0, width, unpacked);
      EXPECT_EQ(unpacked, values) << width << " bits";
      const std::string with_slack = packed + std::string(8, '\xFF');
      std::fill(unpacked.begin(), unpacked.end(), 1);
      Unpack({with_slack.data(), packed.size()}, 8, width, unpacked);
      EXPECT_EQ(unpacked, values) << width << " bits";
    }
  }
}

TEST(BitPacking, LowBitsComeFirst) {
  std::string packed = "x";
  AppendPacked(std::vector<uint64_t>{1, 2, 3}, 3, &packed);
  EXPECT_EQ(packed, std::string("x\xD1\x00", 3));  // 011'010'001
}

TEST(BitPacking, HighBitsAreCutOff) {
  std::string packed;
  AppendPacked(std::vector<uint64_t>{0xFFF1, 0xFFF2}, 4, &packed);
  EXPECT_EQ(packed, "\x21");
}

}  // namespace
}  // namespace vigil::storage
