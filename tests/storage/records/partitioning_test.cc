// SPDX-License-Identifier: Apache-2.0
#include "storage/records/partitioning.h"

#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kHourNs = kMillisPerHour * kNanosPerMilli;

TEST(PartitioningTest, StartsAreMultiplesOfTheLength) {
  const RecordPartitioning hours(kMillisPerHour);
  EXPECT_EQ(hours.StartOf(0), 0);
  EXPECT_EQ(hours.StartOf(kHourNs - 1), 0);
  EXPECT_EQ(hours.StartOf(kHourNs), kHourNs);
  EXPECT_EQ(hours.StartOf(-1), -kHourNs);
  EXPECT_EQ(hours.StartOf(-kHourNs), -kHourNs);
  EXPECT_EQ(hours.LastOf(kHourNs), 2 * kHourNs - 1);
}

TEST(PartitioningTest, EndsOfTimeBelongSomewhere) {
  for (const int64_t length_ms : {int64_t{1}, kMillisPerHour, kMax}) {
    const RecordPartitioning partitioning(length_ms);
    for (const int64_t time_ns : {kMin, kMin + 1, int64_t{-1}, kMax - 1, kMax}) {
      const int64_t start_ns = partitioning.StartOf(time_ns);
      EXPECT_LE(start_ns, time_ns);
      EXPECT_GE(partitioning.LastOf(start_ns), time_ns);
      EXPECT_EQ(partitioning.StartOf(start_ns), start_ns);
    }
  }
}

TEST(PartitioningTest, KeepsThePartitionThatEndsLater) {
  const RecordPartitioning hours(kMillisPerHour);
  EXPECT_EQ(hours.FirstKept(kMillisPerHour), kHourNs);
  EXPECT_EQ(hours.FirstKept(kMillisPerHour - 1), 0);
  EXPECT_EQ(hours.FirstKept(kMin), hours.StartOf(kMin));
  EXPECT_EQ(hours.FirstKept(kMax), hours.StartOf(kMax));
}

}  // namespace
}  // namespace vigil::storage
