// SPDX-License-Identifier: Apache-2.0
#include "collector/exposition/bucket_limit.h"

#include <cmath>
#include <map>
#include <random>

#include <gtest/gtest.h>

namespace vigil::collector {
namespace {

using storage::Histogram;

// Counts by bucket index.
std::map<int64_t, double> BucketsOf(const std::vector<storage::BucketSpan>& spans,
                                    const std::vector<double>& counts) {
  std::map<int64_t, double> buckets;
  int64_t index = 0;
  size_t at = 0;
  for (const storage::BucketSpan& span : spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length; ++i) buckets[index++] = counts.at(at++);
  }
  EXPECT_EQ(at, counts.size());
  return buckets;
}

Histogram Some() {
  Histogram histogram;
  histogram.schema = 3;
  histogram.positive_spans = {{-3, 4}, {2, 1}};
  histogram.positive_counts = {1, 2, 3, 4, 5};  // Buckets -3 to 0, and 3.
  histogram.negative_spans = {{0, 1}};
  histogram.negative_counts = {7};
  return histogram;
}

TEST(BucketLimitTest, WhatFitsStays) {
  Histogram histogram = Some();
  EXPECT_TRUE(LimitBuckets(6, &histogram));
  EXPECT_EQ(histogram, Some());
  EXPECT_TRUE(LimitBuckets(0, &histogram));
  EXPECT_EQ(histogram, Some());
}

TEST(BucketLimitTest, NeighboursMerge) {
  Histogram histogram = Some();
  EXPECT_TRUE(LimitBuckets(5, &histogram));
  EXPECT_EQ(histogram.schema, 2);
  EXPECT_EQ(BucketsOf(histogram.positive_spans, histogram.positive_counts),
            (std::map<int64_t, double>{{-1, 3}, {0, 7}, {2, 5}}));
  EXPECT_EQ(BucketsOf(histogram.negative_spans, histogram.negative_counts),
            (std::map<int64_t, double>{{0, 7}}));
}

TEST(BucketLimitTest, ManyStepsAreOne) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 100; ++round) {
    Histogram histogram;
    histogram.schema = 8;
    for (int i = 0; i < 20; ++i) {
      const uint32_t length = random() % 4;
      histogram.positive_spans.push_back(
          {static_cast<int32_t>(random() % 50) - (i == 0 ? 400 : 0), length});
      for (uint32_t j = 0; j < length; ++j) histogram.positive_counts.push_back(random() % 9);
    }
    std::map<int64_t, double> expected;
    for (const auto& [index, count] :
         BucketsOf(histogram.positive_spans, histogram.positive_counts)) {
      expected[static_cast<int64_t>(std::ceil(static_cast<double>(index) / 32))] += count;
    }
    WidenBuckets(1.09, &histogram);
    ASSERT_EQ(histogram.schema, 3);
    EXPECT_EQ(BucketsOf(histogram.positive_spans, histogram.positive_counts), expected);
  }
}

TEST(BucketLimitTest, SomeCannotBeLimited) {
  Histogram wide;
  wide.schema = -4;
  wide.positive_spans = {{0, 3}};
  wide.positive_counts = {1, 1, 1};
  EXPECT_FALSE(LimitBuckets(2, &wide));
  Histogram custom;
  custom.schema = storage::kCustomBucketsSchema;
  custom.custom_bounds = {1, 2};
  custom.positive_spans = {{0, 3}};
  custom.positive_counts = {1, 1, 1};
  EXPECT_FALSE(LimitBuckets(2, &custom));
  EXPECT_TRUE(LimitBuckets(3, &custom));
}

TEST(BucketLimitTest, FactorsChooseSchemas) {
  const auto schema_for = [](double factor) {
    Histogram histogram;
    histogram.schema = 8;
    WidenBuckets(factor, &histogram);
    return histogram.schema;
  };
  EXPECT_EQ(schema_for(0), 8);
  EXPECT_EQ(schema_for(1), 8);
  EXPECT_EQ(schema_for(1.0001), 8);
  EXPECT_EQ(schema_for(1.1), 2);
  EXPECT_EQ(schema_for(2), 0);
  EXPECT_EQ(schema_for(4), -1);
  EXPECT_EQ(schema_for(1e9), -4);
}

}  // namespace
}  // namespace vigil::collector
