// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/custom_buckets.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::collector {
namespace {

using storage::BucketSpan;
using storage::Histogram;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(CustomBucketsTest, TheBoundsAreTheBuckets) {
  // The specification's example.
  const Histogram histogram = ToCustomHistogram({-2, -1, 0, 1, 2}, {10, 0, 0, 20, 5, 2}, 37, 1.5);
  EXPECT_EQ(histogram.schema, storage::kCustomBucketsSchema);
  EXPECT_EQ(histogram.count, 37);
  EXPECT_EQ(histogram.sum, 1.5);
  EXPECT_EQ(histogram.zero_threshold, 0);
  EXPECT_THAT(histogram.custom_bounds, ElementsAre(-2, -1, 0, 1, 2));
  EXPECT_THAT(histogram.positive_spans, ElementsAre(BucketSpan{0, 6}));
  EXPECT_THAT(histogram.positive_counts, ElementsAre(10, 0, 0, 20, 5, 2));
}

TEST(CustomBucketsTest, EmptyBucketsAreLeftOut) {
  const Histogram histogram = ToCustomHistogram({1, 2, 3, 4}, {0, 0, 0, 0, 7}, 7, 50);
  EXPECT_THAT(histogram.positive_spans, ElementsAre(BucketSpan{4, 1}));
  EXPECT_THAT(histogram.positive_counts, ElementsAre(7));
  EXPECT_THAT(ToCustomHistogram({1}, {0, 0}, 0, 0).positive_spans, IsEmpty());
}

TEST(CustomBucketsTest, WithoutBoundsThereIsOneBucket) {
  for (const std::vector<double>& counts : {std::vector<double>{}, std::vector<double>{3}}) {
    const Histogram histogram = ToCustomHistogram({}, counts, 3, 1);
    EXPECT_THAT(histogram.custom_bounds, IsEmpty());
    EXPECT_THAT(histogram.positive_spans, ElementsAre(BucketSpan{0, 1}));
    EXPECT_THAT(histogram.positive_counts, ElementsAre(3));
  }
}

TEST(CustomBucketsTest, ABoundOfInfinityIsTheLastBucket) {
  const Histogram histogram =
      ToCustomHistogram({1, std::numeric_limits<double>::infinity()}, {1, 2, 4}, 7, 1);
  EXPECT_THAT(histogram.custom_bounds, ElementsAre(1));
  EXPECT_THAT(histogram.positive_counts, ElementsAre(1, 6));
}

}  // namespace
}  // namespace vigil::collector
