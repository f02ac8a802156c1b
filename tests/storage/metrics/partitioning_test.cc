// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/partitioning.h"

#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
constexpr int64_t kHighest = std::numeric_limits<int64_t>::max();

TEST(PartitioningTest, CutsOnBothSidesOfTheEpoch) {
  const Partitioning partitioning(100);
  EXPECT_EQ(partitioning.StartOf(0), 0);
  EXPECT_EQ(partitioning.StartOf(99), 0);
  EXPECT_EQ(partitioning.EndOf(0), 99);
  EXPECT_EQ(partitioning.StartOf(100), 100);
  EXPECT_EQ(partitioning.StartOf(-1), -100);
  EXPECT_EQ(partitioning.EndOf(-100), -1);
  EXPECT_EQ(partitioning.StartOf(-100), -100);
  EXPECT_EQ(partitioning.StartOf(-101), -200);
}

TEST(PartitioningTest, EveryInstantIsInItsPartition) {
  for (const int64_t length : {int64_t{1}, int64_t{7}, int64_t{86'400'000}, kHighest}) {
    const Partitioning partitioning(length);
    for (const int64_t time : {kLowest, kLowest + 1, int64_t{-1}, int64_t{0}, kHighest}) {
      const int64_t start = partitioning.StartOf(time);
      const int64_t end = partitioning.EndOf(time);
      EXPECT_LE(start, time);
      EXPECT_GE(end, time);
      EXPECT_EQ(partitioning.StartOf(end), start);
      EXPECT_EQ(partitioning.EndOf(start), end);
    }
  }
}

}  // namespace
}  // namespace vigil::storage
