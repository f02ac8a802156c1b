// SPDX-License-Identifier: Apache-2.0
#include "storage/limits/token_bucket.h"

#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

TEST(TokenBucketTest, GivesABurstThenTheRate) {
  TokenBucket bucket;
  int64_t now = 100 * kSecond;
  EXPECT_EQ(bucket.Take(10, 1000, now), 10u * kBurstSeconds);
  EXPECT_EQ(bucket.Take(10, 1, now), 0u);
  now += 3 * kSecond / 2;
  EXPECT_EQ(bucket.Take(10, 1000, now), 15u);
  EXPECT_EQ(bucket.Take(10, 1000, now), 0u);
}

TEST(TokenBucketTest, KeepsNoMoreThanABurst) {
  TokenBucket bucket;
  EXPECT_EQ(bucket.Take(10, 5, 0), 5u);
  EXPECT_FALSE(bucket.Full(10, 0));
  EXPECT_TRUE(bucket.Full(10, kSecond));
  EXPECT_EQ(bucket.Take(10, 1000, 1000 * kSecond), 10u * kBurstSeconds);
}

TEST(TokenBucketTest, FractionsAddUp) {
  TokenBucket bucket;
  bucket.Take(1, 1000, 0);
  uint64_t taken = 0;
  for (int i = 1; i <= 100; ++i) taken += bucket.Take(1, 1000, i * kSecond / 10);
  EXPECT_GE(taken, 9u);
  EXPECT_LE(taken, 10u);
}

TEST(TokenBucketTest, AClockThatGoesBackDoesNotStallIt) {
  TokenBucket bucket;
  bucket.Take(10, 1000, 1000 * kSecond);
  EXPECT_EQ(bucket.Take(10, 1000, 0), 0u);
  EXPECT_EQ(bucket.Take(10, 1000, kSecond), 10u);
}

TEST(TokenBucketTest, TheRateMayChange) {
  TokenBucket bucket;
  bucket.Take(10, 1000, 0);
  EXPECT_EQ(bucket.Take(100, 1000, kSecond), 100u);
}

}  // namespace
}  // namespace vigil::storage
