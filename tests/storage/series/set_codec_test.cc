// SPDX-License-Identifier: Apache-2.0
#include "storage/series/set_codec.h"

#include <random>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

TEST(SetCodecTest, EveryKindOfSetReadsBack) {
  constexpr uint32_t kSeed = 1984;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937 random(kSeed);
  for (const uint32_t group : {0u, 7u, kGroups - 1}) {
    const uint32_t first = group << kGroupBits;
    // From a few members to nearly all, scattered or in runs.
    for (const uint32_t count : {0u, 1u, 2u, 100u, 5'000u, 60'000u}) {
      for (const uint32_t run : {1u, 50u}) {
        SeriesSet set;
        for (uint32_t i = 0; i < count; i += run) {
          const uint64_t begin = first + random() % (kGroupSize - run + 1);
          set.addRange(begin, begin + run);
        }
        SeriesSet others = set;
        others.add(first ^ kGroupSize);  // Another group's.
        const std::string bytes = EncodeGroup(others, group);
        EXPECT_LE(bytes.size(), 8193u);
        SeriesSet read;
        ASSERT_TRUE(DecodeGroup(bytes, group, &read));
        ASSERT_TRUE(read == set);
      }
    }
    SeriesSet read;
    EXPECT_EQ(EncodeGroup(WholeGroup(group), group).size(), 5u);
    ASSERT_TRUE(DecodeGroup(EncodeGroup(WholeGroup(group), group), group, &read));
    EXPECT_EQ(read.cardinality(), kGroupSize);
    EXPECT_EQ(read.minimum(), first);
  }
}

TEST(SetCodecTest, HostileBytesAreRefused) {
  const std::string hostile[] = {"",
                                 std::string(1, '\2'),
                                 std::string("\0\1", 2),                // No length.
                                 std::string("\0\xff\xff\xff\xff", 5),  // Too long a number.
                                 std::string("\0\xff\xff\4\0", 5),      // Gap beyond the group.
                                 std::string("\0\1\xff\xff\3", 5),      // Run beyond the group.
                                 std::string("\1") + std::string(8191, 'x'),
                                 std::string("\1") + std::string(8193, 'x')};
  for (const std::string& bytes : hostile) {
    SeriesSet set;
    EXPECT_FALSE(DecodeGroup(bytes, 3, &set));
    EXPECT_TRUE(set.isEmpty());
  }
}

}  // namespace
}  // namespace vigil::storage
