// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic on native histograms where scripts do not reach: hints, layouts, hostile layouts.
#include "query/exec/histogram/histogram_math.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "query/exec/histogram/histogram_buckets.h"
#include "query/exec/histogram/histogram_layout.h"
#include "query/exec/histogram/histogram_statistics.h"
#include "query/exec/histogram/histogram_trim.h"

namespace vigil::exec {
namespace {

using storage::CounterResetHint;
using storage::Histogram;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Histogram Exponential(int schema, int32_t first, std::vector<double> counts) {
  Histogram histogram;
  histogram.schema = static_cast<int8_t>(schema);
  histogram.positive_spans = {{first, static_cast<uint32_t>(counts.size())}};
  for (const double count : counts) histogram.count += count;
  histogram.positive_counts = std::move(counts);
  return histogram;
}

Histogram Custom(std::vector<double> bounds, std::vector<double> counts) {
  Histogram histogram = Exponential(storage::kCustomBucketsSchema, 0, std::move(counts));
  histogram.custom_bounds = std::move(bounds);
  return histogram;
}

TEST(HistogramMathTest, ExponentialBounds) {
  EXPECT_EQ(ExponentialBound(0, 0), 1);
  EXPECT_EQ(ExponentialBound(0, 3), 8);
  EXPECT_EQ(ExponentialBound(0, -1), 0.5);
  EXPECT_EQ(ExponentialBound(-2, 1), 16);
  EXPECT_DOUBLE_EQ(ExponentialBound(1, 1), std::sqrt(2));
  EXPECT_DOUBLE_EQ(ExponentialBound(3, -4), std::sqrt(0.5));
  // The bucket of the largest double ends there; infinities have the next one.
  EXPECT_EQ(ExponentialBound(0, 1024), std::numeric_limits<double>::max());
  EXPECT_EQ(ExponentialBound(0, 1025), kInfinity);
  EXPECT_EQ(ExponentialBound(2, 4096), std::numeric_limits<double>::max());
  EXPECT_EQ(ExponentialBound(-4, std::numeric_limits<int32_t>::max()), kInfinity);
  EXPECT_EQ(ExponentialBound(8, std::numeric_limits<int32_t>::min()), 0);
}

TEST(HistogramMathTest, LowerSchemaKeepsBounds) {
  for (const int32_t index : {-9, -8, -1, 0, 1, 2, 7, 8, 9}) {
    const int32_t lowered = IndexAtLowerSchema(index, 2);
    EXPECT_GE(ExponentialBound(1, lowered), ExponentialBound(3, index) * (1 - 1e-12)) << index;
    EXPECT_LT(ExponentialBound(1, lowered - 1), ExponentialBound(3, index)) << index;
  }
}

TEST(HistogramMathTest, LoweringByMoreLevelsThanAnIndexHasBits) {
  EXPECT_EQ(IndexAtLowerSchema(std::numeric_limits<int32_t>::max(), 104), 1);
  EXPECT_EQ(IndexAtLowerSchema(0, 104), 0);
}

TEST(HistogramMathTest, PackForgetsEmptyBucketsOnly) {
  const IndexedCounts buckets = {{-3, 1}, {-2, 0}, {5, 2}, {6, 3}};
  std::vector<storage::BucketSpan> spans;
  std::vector<double> counts;
  Pack(buckets, &spans, &counts);
  EXPECT_EQ(spans, (std::vector<storage::BucketSpan>{{-3, 1}, {7, 2}}));
  EXPECT_EQ(counts, (std::vector<double>{1, 2, 3}));
  const IndexedCounts again = Unpack(spans, counts);
  ASSERT_EQ(again.size(), 3u);
  EXPECT_EQ(again[1].index, 5);
}

TEST(HistogramMathTest, HostileSpansAreCutOff) {
  Histogram histogram = Exponential(0, 1, {1, 2});
  histogram.positive_spans = {{2'000'000'000, 4'000'000'000u}, {2'000'000'000, 5}};
  EXPECT_EQ(Unpack(histogram.positive_spans, histogram.positive_counts).size(), 2u);
  histogram.positive_spans = {{2'147'483'647, 2}};
  EXPECT_EQ(Unpack(histogram.positive_spans, histogram.positive_counts).size(), 1u);
  histogram.positive_spans = {{-2'147'483'647 - 1, 2}};
  histogram.schema = 100;
  EXPECT_EQ(BucketsOf(histogram, ZeroBucket::kNarrow).size(), 2u);
  Histogram sum = histogram;
  sum.zero_threshold = std::numeric_limits<double>::quiet_NaN();
  Add(Exponential(-4, 0, {1}), &sum);
  DetectReset(histogram, sum);
  TrimAbove(histogram, 1);
  HistogramQuantile(0.5, histogram);
  Histogram custom = Custom({}, {1, 2, 3});
  EXPECT_EQ(BucketsOf(custom, ZeroBucket::kNarrow).size(), 3u);
  EXPECT_EQ(HistogramQuantile(1, custom).value, 0);
  TrimBelow(custom, 1);
}

TEST(HistogramMathTest, BucketsBeginWhereTheZeroBucketEnds) {
  storage::Histogram histogram;
  histogram.zero_threshold = 1.5;
  histogram.count = 6;
  histogram.positive_spans = {{0, 3}};  // (0.5, 1], (1, 2] and (2, 4].
  histogram.positive_counts = {1, 1, 1};
  histogram.negative_spans = {{0, 3}};
  histogram.negative_counts = {1, 1, 1};
  std::vector<std::pair<double, double>> bounds;
  for (const Bucket& bucket : BucketsOf(histogram, ZeroBucket::kWhole)) {
    bounds.emplace_back(bucket.lower, bucket.upper);
  }
  const std::vector<std::pair<double, double>> expected = {{-4, -2}, {-2, -1.5}, {-1, -1},
                                                           {1, 1},   {1.5, 2},   {2, 4}};
  EXPECT_EQ(bounds, expected);
}

TEST(HistogramMathTest, HintsOfSums) {
  const auto hint_of_sum = [](CounterResetHint a, CounterResetHint b, bool conflict) {
    Histogram left = Exponential(0, 1, {1});
    Histogram right = left;
    left.reset_hint = a;
    right.reset_hint = b;
    EXPECT_EQ(Add(right, &left).conflicting_resets, conflict);
    return left.reset_hint;
  };
  using enum CounterResetHint;
  EXPECT_EQ(hint_of_sum(kReset, kReset, false), kReset);
  EXPECT_EQ(hint_of_sum(kReset, kUnknown, false), kUnknown);
  EXPECT_EQ(hint_of_sum(kNotReset, kGauge, false), kGauge);
  EXPECT_EQ(hint_of_sum(kReset, kNotReset, true), kUnknown);
  EXPECT_EQ(hint_of_sum(kNotReset, kReset, true), kUnknown);
}

TEST(HistogramMathTest, WideningTheZeroBucketInsideABucketTakesAllOfIt) {
  Histogram wide = Exponential(0, 3, {1});
  wide.zero_threshold = 1.5;
  Histogram narrow = Exponential(0, 1, {4, 2});
  narrow.zero_threshold = 0.25;
  Add(narrow, &wide);
  // 1.5 lies inside (1, 2], which has observations.
  EXPECT_EQ(wide.zero_threshold, 2);
  EXPECT_EQ(wide.zero_count, 4);
  EXPECT_EQ(wide.positive_counts, (std::vector<double>{2, 1}));
}

TEST(HistogramMathTest, SumsDoNotDependOnTheOrder) {
  Histogram a = Exponential(2, -3, {1, 0, 2, 3});
  a.zero_threshold = 0.01;
  a.zero_count = 1;
  Histogram b = Exponential(0, 0, {5, 1});
  b.negative_spans = {{1, 1}};
  b.negative_counts = {2};
  b.zero_threshold = 0.7;
  Histogram ab = a;
  Add(b, &ab);
  Histogram ba = b;
  Add(a, &ba);
  EXPECT_TRUE(SameObservations(ab, ba));
}

TEST(HistogramMathTest, ResetsByWhatFell) {
  const Histogram before = Exponential(1, 1, {2, 3});
  EXPECT_FALSE(DetectReset(before, before));
  EXPECT_FALSE(DetectReset(before, Exponential(1, 1, {2, 4})));
  EXPECT_FALSE(DetectReset(before, Exponential(0, 1, {5})));
  EXPECT_TRUE(DetectReset(before, Exponential(1, 1, {1, 9})));
  EXPECT_TRUE(DetectReset(before, Exponential(1, 2, {9})));
  EXPECT_TRUE(DetectReset(before, Exponential(2, 1, {2, 0, 9})));
  EXPECT_TRUE(DetectReset(before, Custom({1, 2}, {9, 9})));
  Histogram hinted = Exponential(1, 1, {1});
  hinted.reset_hint = CounterResetHint::kNotReset;
  EXPECT_FALSE(DetectReset(before, hinted));
  hinted = before;
  hinted.reset_hint = CounterResetHint::kReset;
  EXPECT_TRUE(DetectReset(before, hinted));
}

TEST(HistogramMathTest, ResetsByTheZeroBucket) {
  Histogram before = Exponential(0, 1, {2});
  before.zero_threshold = 0.5;
  before.zero_count = 3;
  Histogram now = before;
  now.zero_count = 2;
  now.positive_counts = {9};
  now.count = 11;
  EXPECT_TRUE(DetectReset(before, now));
  now.zero_count = 3;
  EXPECT_FALSE(DetectReset(before, now));
  now.zero_threshold = 0.25;
  EXPECT_TRUE(DetectReset(before, now));
  now.zero_threshold = 1.5;  // Cuts (1, 2].
  EXPECT_TRUE(DetectReset(before, now));
}

TEST(HistogramMathTest, ResetsOfCustomBucketsOnCommonBounds) {
  const Histogram before = Custom({1, 2, 4}, {1, 1, 1, 1});
  EXPECT_FALSE(DetectReset(before, Custom({1, 4}, {1, 2, 1})));
  EXPECT_TRUE(DetectReset(before, Custom({1, 4}, {3, 1, 1})));
}

TEST(HistogramMathTest, NegativeBucketsMirrorPositiveOnes) {
  Histogram positive = Exponential(1, 1, {2, 3, 1});
  Histogram negative = positive;
  std::swap(negative.positive_spans, negative.negative_spans);
  std::swap(negative.positive_counts, negative.negative_counts);
  for (const double q : {0.1, 0.3, 0.5, 0.9}) {
    EXPECT_NEAR(HistogramQuantile(q, positive).value, -HistogramQuantile(1 - q, negative).value,
                1e-12)
        << q;
  }
  EXPECT_NEAR(HistogramFraction(1.1, 2.2, positive).value,
              HistogramFraction(-2.2, -1.1, negative).value, 1e-12);
  EXPECT_NEAR(TrimAbove(positive, 1.7).count, TrimBelow(negative, -1.7).count, 1e-12);
}

TEST(HistogramMathTest, TrimmedPartsMakeTheWhole) {
  Histogram histogram = Exponential(0, -1, {2, 3, 1});
  histogram.zero_threshold = 0.1;
  histogram.zero_count = 4;
  histogram.count += 4;
  for (const double t : {-1.0, 0.0, 0.05, 0.3, 0.9, 1.5, 7.0}) {
    EXPECT_NEAR(TrimAbove(histogram, t).count + TrimBelow(histogram, t).count, histogram.count,
                1e-12)
        << t;
  }
}

TEST(HistogramMathTest, QuantileIsTheInverseOfFraction) {
  const Histogram histogram = Exponential(2, -4, {1, 2, 3, 4, 5});
  for (const double q : {0.05, 0.2, 0.5, 0.77, 0.95}) {
    const double value = HistogramQuantile(q, histogram).value;
    EXPECT_NEAR(HistogramFraction(-kInfinity, value, histogram).value, q, 1e-12);
  }
}

}  // namespace
}  // namespace vigil::exec
