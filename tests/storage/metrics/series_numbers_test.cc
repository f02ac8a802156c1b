// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/series_numbers.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

constexpr uint64_t kOne = uint64_t{1} << 32;
constexpr uint64_t kOther = uint64_t{2} << 32;

TEST(SeriesNumbersTest, AnExportersNumbersStandTogether) {
  SeriesNumbers numbers(1'000'000);
  NumberLeases leases;
  std::vector<uint32_t> of_one;
  std::set<uint32_t> all;
  for (int i = 0; i < 1000; ++i) {
    of_one.push_back(*numbers.Take(kOne, &leases));
    EXPECT_TRUE(all.insert(of_one.back()).second);
    EXPECT_TRUE(all.insert(*numbers.Take(kOther, &leases)).second);
    EXPECT_LT(*all.rbegin(), numbers.next());
  }
  EXPECT_EQ(*all.begin(), 1u);
  // They are neighbours but where a chunk ends.
  int jumps = 0;
  for (size_t i = 1; i < of_one.size(); ++i) {
    if (of_one[i] == of_one[i - 1] + 1) continue;
    ++jumps;
    EXPECT_EQ(SlotOf(of_one[i]), 0u);
  }
  EXPECT_LE(jumps, 1000 / 64 + 1);
}

TEST(SeriesNumbersTest, WhatIsInUseIsNotGivenOut) {
  SeriesNumbers numbers(1'000'000);
  NumberLeases leases;
  numbers.RaiseNext(100);
  EXPECT_EQ(numbers.next(), 100u);
  EXPECT_EQ(*numbers.Take(kOne, &leases), 100u);
  numbers.RaiseNext(50);  // Changes nothing.
  EXPECT_EQ(*numbers.Take(kOne, &leases), 101u);
  EXPECT_EQ(*numbers.Take(kOther, &leases), 128u);
}

TEST(SeriesNumbersTest, TenantsShareNumbersButNoLeases) {
  SeriesNumbers numbers(1'000'000);
  NumberLeases a;
  NumberLeases b;
  const uint32_t of_a = *numbers.Take(kOne, &a);
  const uint32_t of_b = *numbers.Take(kOne, &b);
  EXPECT_NE(ChunkOf(of_a), ChunkOf(of_b));
}

TEST(SeriesNumbersTest, EndsWithTheLast) {
  constexpr uint32_t kLast = 0xFFFF'FFFF;
  SeriesNumbers numbers(kLast);
  NumberLeases leases;
  numbers.RaiseNext(uint64_t{kLast} - 1);
  EXPECT_EQ(*numbers.Take(kOne, &leases), kLast - 1);
  EXPECT_EQ(*numbers.Take(kOne, &leases), kLast);
  EXPECT_FALSE(numbers.Take(kOne, &leases).has_value());
  EXPECT_FALSE(numbers.Take(kOther, &leases).has_value());
}

}  // namespace
}  // namespace vigil::storage
