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

TEST(ExponentialTest, PopulatedBucketsLieWithinTheRangeOfDoubles) {
  struct Case {
    int32_t scale;
    int32_t lowest;  // Indexes that are taken.
    int32_t highest;
  };
  // One further than doubles reach is what producers round to.
  for (const Case& c : {Case{0, -1077, 1024}, Case{8, -1075 * 256 - 2, 1024 * 256},
                        Case{-4, -70, 64}, Case{20, -1075 * (1 << 20) - 8192, 1 << 30}}) {
    EXPECT_OK(ToNativeHistogram(Positive(c.scale, c.lowest, {1}))) << c.scale;
    EXPECT_OK(ToNativeHistogram(Positive(c.scale, c.highest, {1}))) << c.scale;
  }
  for (const Case& c : {Case{0, -1078, 1025}, Case{8, -1075 * 256 - 3, 1024 * 256 + 1},
                        Case{-4, -71, 65}, Case{0, kMinInt, kMaxInt - 2}}) {
    for (const int32_t index : {c.lowest, c.highest}) {
      EXPECT_THAT(ToNativeHistogram(Positive(c.scale, index, {1})),
                  StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("doubles")))
          << c.scale << " " << index;
      EXPECT_OK(ToNativeHistogram(Positive(c.scale, index, {0}))) << "empty buckets do no harm";
    }
  }
}

TEST(ExponentialTest, IndexesHaveARange) {
  EXPECT_THAT(ToNativeHistogram(Positive(0, kMaxInt, {1})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("2^31")));
  ExponentialPoint negative;
  negative.negative_offset = kMaxInt;
  negative.negative_counts = {1};
  EXPECT_THAT(ToNativeHistogram(negative), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ExponentialTest, BucketsHaveANumber) {
  EXPECT_OK(ToNativeHistogram(Positive(5, -34000, std::vector<double>(kMaxExponentialBuckets, 1))));
  EXPECT_THAT(ToNativeHistogram(Positive(0, 0, std::vector<double>(kMaxExponentialBuckets + 1, 0))),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("65536 buckets")));
}

Histogram Native(const ExponentialPoint& point) {
  absl::StatusOr<Histogram> histogram = ToNativeHistogram(point);
  EXPECT_OK(histogram);
  return *std::move(histogram);
}

TEST(AddHistogramTest, AddsBucketsOfOneSchema) {
  ExponentialPoint a = Positive(0, 0, {1, 2});
  a.count = 4;
  a.sum = 5;
  a.zero_count = 1;
  ExponentialPoint b = Positive(0, 1, {10, 0, 0, 0, 20});
  b.count = 33;
  b.sum = 50;
  b.zero_count = 2;
  b.negative_offset = -3;
  b.negative_counts = {1};
  Histogram total = Native(a);
  AddHistogram(Native(b), &total);
  EXPECT_EQ(total.count, 37);
  EXPECT_EQ(total.sum, 55);
  EXPECT_EQ(total.zero_count, 3);
  EXPECT_EQ(total.zero_threshold, 1e-128);
  EXPECT_THAT(total.positive_spans, ElementsAre(BucketSpan{1, 2}, BucketSpan{3, 1}));
  EXPECT_THAT(total.positive_counts, ElementsAre(1, 12, 20));
  EXPECT_THAT(total.negative_spans, ElementsAre(BucketSpan{-2, 1}));
  EXPECT_THAT(total.negative_counts, ElementsAre(1));
}

TEST(AddHistogramTest, TheCoarserSchemaCounts) {
  // Scale 1, indexes 0..3 are scale 0, indexes 0, 0, 1, 1; native ones are one higher.
  const Histogram fine = Native(Positive(1, 0, {1, 2, 3, 4}));
  const Histogram coarse = Native(Positive(0, 1, {10}));
  for (const bool fine_first : {true, false}) {
    Histogram total = fine_first ? fine : coarse;
    AddHistogram(fine_first ? coarse : fine, &total);
    EXPECT_EQ(total.schema, 0);
    EXPECT_THAT(total.positive_spans, ElementsAre(BucketSpan{1, 2}));
    EXPECT_THAT(total.positive_counts, ElementsAre(3, 17));
  }
}

TEST(AddHistogramTest, TheWiderZeroBucketAbsorbs) {
  // Buckets (0.5, 1], (1, 2], (2, 4] and a threshold of 1.5, which cuts through the second.
  Histogram total = Native(Positive(0, -1, {1, 2, 3}));
  ExponentialPoint wide;
  wide.zero_threshold = 1.5;
  wide.zero_count = 10;
  AddHistogram(Native(wide), &total);
  EXPECT_EQ(total.zero_threshold, 2);
  EXPECT_EQ(total.zero_count, 13);
  EXPECT_THAT(total.positive_spans, ElementsAre(BucketSpan{2, 1}));
  EXPECT_THAT(total.positive_counts, ElementsAre(3));
}

TEST(AddHistogramTest, AThresholdBetweenEmptyBucketsStays) {
  Histogram total = Native(Positive(0, 5, {3}));
  ExponentialPoint wide;
  wide.zero_threshold = 1.5;
  AddHistogram(Native(wide), &total);
  EXPECT_EQ(total.zero_threshold, 1.5);
  EXPECT_EQ(total.zero_count, 0);
  EXPECT_THAT(total.positive_counts, ElementsAre(3));
}

TEST(AddHistogramTest, VeryManyBucketsGoToACoarserSchema) {
  Histogram total = Native(Positive(8, 0, std::vector<double>(3000, 1)));
  AddHistogram(Native(Positive(8, 100'000, std::vector<double>(3000, 1))), &total);
  EXPECT_EQ(total.schema, 7);
  EXPECT_EQ(std::accumulate(total.positive_counts.begin(), total.positive_counts.end(), 0.0), 6000);
}

}  // namespace
}  // namespace vigil::collector
