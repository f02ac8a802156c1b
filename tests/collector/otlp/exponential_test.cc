// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/exponential.h"

#include <limits>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::collector {
namespace {

using storage::BucketSpan;
using storage::Histogram;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using vigil::testing::StatusIs;

constexpr int32_t kMaxInt = std::numeric_limits<int32_t>::max();
constexpr int32_t kMinInt = std::numeric_limits<int32_t>::min();

ExponentialPoint Positive(int32_t scale, int32_t offset, std::vector<double> counts) {
  ExponentialPoint point;
  point.scale = scale;
  point.positive_offset = offset;
  point.positive_counts = std::move(counts);
  return point;
}

TEST(ExponentialTest, TheIndexOfANativeBucketNamesItsUpperBound) {
  // A gap of two is filled, as in the specification's example.
  ASSERT_OK_AND_ASSIGN(const Histogram histogram,
                       ToNativeHistogram(Positive(0, 3, {10, 0, 0, 20, 5, 2})));
  EXPECT_THAT(histogram.positive_spans, ElementsAre(BucketSpan{4, 6}));
  EXPECT_THAT(histogram.positive_counts, ElementsAre(10, 0, 0, 20, 5, 2));
  EXPECT_THAT(histogram.negative_spans, IsEmpty());
}

TEST(ExponentialTest, ALongerGapBeginsASpan) {
  ASSERT_OK_AND_ASSIGN(const Histogram histogram,
                       ToNativeHistogram(Positive(0, -5, {0, 1, 0, 0, 0, 2, 0})));
  EXPECT_THAT(histogram.positive_spans, ElementsAre(BucketSpan{-3, 1}, BucketSpan{3, 1}));
  EXPECT_THAT(histogram.positive_counts, ElementsAre(1, 2));
}

TEST(ExponentialTest, CarriesTheRest) {
  ExponentialPoint point;
  point.scale = -4;
  point.count = 7;
  point.sum = -1.5;
  point.zero_count = 2;
  point.zero_threshold = 0.25;
  point.negative_offset = -1;
  point.negative_counts = {3, 4};
  ASSERT_OK_AND_ASSIGN(const Histogram histogram, ToNativeHistogram(point));
  EXPECT_EQ(histogram.schema, -4);
  EXPECT_EQ(histogram.count, 7);
  EXPECT_EQ(histogram.sum, -1.5);
  EXPECT_EQ(histogram.zero_count, 2);
  EXPECT_EQ(histogram.zero_threshold, 0.25);
  EXPECT_EQ(histogram.reset_hint, storage::CounterResetHint::kUnknown);
  EXPECT_THAT(histogram.negative_spans, ElementsAre(BucketSpan{0, 2}));
  EXPECT_THAT(histogram.negative_counts, ElementsAre(3, 4));
  EXPECT_THAT(histogram.positive_spans, IsEmpty());
}

TEST(ExponentialTest, AThresholdThatIsNoneIsTheDefault) {
  for (const double threshold : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    ExponentialPoint point;
    point.zero_threshold = threshold;
    ASSERT_OK_AND_ASSIGN(const Histogram histogram, ToNativeHistogram(point));
    EXPECT_EQ(histogram.zero_threshold, 1e-128);
  }
}

TEST(ExponentialTest, FinerScalesAreMerged) {
  // Scale 10: four buckets become one. Offsets -6..5 become -2, -1, -1, ..., 1 by flooring.
  std::vector<double> counts(12);
  std::iota(counts.begin(), counts.end(), 1);
  ASSERT_OK_AND_ASSIGN(const Histogram histogram, ToNativeHistogram(Positive(10, -6, counts)));
  EXPECT_EQ(histogram.schema, 8);
  EXPECT_THAT(histogram.positive_spans, ElementsAre(BucketSpan{-1, 4}));
  EXPECT_THAT(histogram.positive_counts,
              ElementsAre(1 + 2, 3 + 4 + 5 + 6, 7 + 8 + 9 + 10, 11 + 12));

  ASSERT_OK_AND_ASSIGN(const Histogram finest,
                       ToNativeHistogram(Positive(kMaxInt, -2, {1, 2, 3, 4})));
  EXPECT_EQ(finest.schema, 8);
  EXPECT_THAT(finest.positive_spans, ElementsAre(BucketSpan{0, 2}));
  EXPECT_THAT(finest.positive_counts, ElementsAre(3, 7));
}

TEST(ExponentialTest, CoarserScalesAreRefused) {
  for (const int32_t scale : {-5, kMinInt}) {
    EXPECT_THAT(ToNativeHistogram(Positive(scale, 0, {1})),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("scale")));
  }
}

TEST(ExponentialTest, IndexesHaveARange) {
  ASSERT_OK_AND_ASSIGN(const Histogram low, ToNativeHistogram(Positive(0, kMinInt, {1})));
  EXPECT_THAT(low.positive_spans, ElementsAre(BucketSpan{kMinInt + 1, 1}));
  ASSERT_OK_AND_ASSIGN(const Histogram high, ToNativeHistogram(Positive(0, kMaxInt - 2, {1})));
  EXPECT_THAT(high.positive_spans, ElementsAre(BucketSpan{kMaxInt - 1, 1}));
  EXPECT_THAT(ToNativeHistogram(Positive(0, kMaxInt, {1})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("2^31")));
  ExponentialPoint negative;
  negative.negative_offset = kMaxInt;
  negative.negative_counts = {1};
  EXPECT_THAT(ToNativeHistogram(negative), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ExponentialTest, BucketsHaveANumber) {
  EXPECT_OK(ToNativeHistogram(Positive(0, 0, std::vector<double>(kMaxExponentialBuckets, 1))));
  EXPECT_THAT(ToNativeHistogram(Positive(0, 0, std::vector<double>(kMaxExponentialBuckets + 1, 0))),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("65536 buckets")));
}

}  // namespace
}  // namespace vigil::collector
