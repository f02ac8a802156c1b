// SPDX-License-Identifier: Apache-2.0
//
// Native histograms from their wire bytes: integer and float, and what is wrong with those that are
// not taken.
#include "collector/remote_write/native_histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collector/remote_write/histogram_wire.h"
#include "tests/collector/remote_write/write_text.h"

namespace vigil::collector {
namespace {

using storage::BucketSpan;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

NativeHistogram Read(const std::string& text) {
  NativeHistogram read;
  EXPECT_TRUE(ReadNativeHistogram(testing::BytesOf<prometheus::Histogram>(text), &read));
  return read;
}

TEST(NativeHistogramTest, IntegerBucketsAreDeltas) {
  const NativeHistogram read = Read(R"(
      count_int: 17 sum: 2.5 schema: -3 zero_threshold: 0.25 zero_count_int: 4
      positive_spans { offset: -2 length: 2 } positive_spans { offset: 3 length: 1 }
      positive_deltas: [2, 3, -4] negative_spans { offset: 1 length: 1 } negative_deltas: 5
      reset_hint: NO timestamp: 12)");
  EXPECT_EQ(read.fault, "");
  EXPECT_EQ(read.time_ms, 12);
  EXPECT_EQ(read.histogram.schema, -3);
  EXPECT_EQ(read.histogram.count, 17);
  EXPECT_EQ(read.histogram.sum, 2.5);
  EXPECT_EQ(read.histogram.zero_threshold, 0.25);
  EXPECT_EQ(read.histogram.zero_count, 4);
  EXPECT_EQ(read.histogram.reset_hint, storage::CounterResetHint::kNotReset);
  EXPECT_THAT(read.histogram.positive_spans, ElementsAre(BucketSpan{-2, 2}, BucketSpan{3, 1}));
  EXPECT_THAT(read.histogram.positive_counts, ElementsAre(2, 5, 1));
  EXPECT_THAT(read.histogram.negative_counts, ElementsAre(5));
}

TEST(NativeHistogramTest, FloatBucketsAreCounts) {
  const NativeHistogram read = Read(R"(
      count_float: 3.5 sum: 1 schema: 8 zero_count_float: 0.5
      positive_spans { offset: 1 length: 2 } positive_counts: [1.25, 1.75] positive_deltas: 9)");
  EXPECT_EQ(read.fault, "");
  EXPECT_EQ(read.histogram.count, 3.5);
  EXPECT_EQ(read.histogram.zero_count, 0.5);
  EXPECT_THAT(read.histogram.positive_counts, ElementsAre(1.25, 1.75));
}

TEST(NativeHistogramTest, CustomBounds) {
  const NativeHistogram read = Read(R"(
      count_int: 3 sum: 9 schema: -53 custom_values: [0.5, 1, 2.5]
      positive_spans { offset: 0 length: 4 } positive_deltas: [1, 0, -1, 1])");
  EXPECT_EQ(read.fault, "");
  EXPECT_TRUE(read.histogram.UsesCustomBuckets());
  EXPECT_THAT(read.histogram.custom_bounds, ElementsAre(0.5, 1, 2.5));
  EXPECT_THAT(read.histogram.positive_counts, ElementsAre(1, 1, 0, 1));
}

TEST(NativeHistogramTest, FaultsAreNamed) {
  const auto fault = [](const std::string& text) { return Read(text).fault; };
  EXPECT_THAT(fault("schema: 9"), HasSubstr("its schema is 9"));
  EXPECT_THAT(fault("schema: -5"), HasSubstr("its schema is -5"));
  EXPECT_THAT(fault("schema: 203"), HasSubstr("its schema is 203")) << "not its low byte, -53";
  EXPECT_THAT(fault("positive_spans { length: 2 } positive_deltas: 1 count_int: 1"),
              HasSubstr("name 2 buckets, there are 1"));
  EXPECT_THAT(fault("positive_spans { length: 4294967295 }"), HasSubstr("name 4294967295"));
  EXPECT_THAT(fault("count_int: 9 positive_spans { length: 1 } positive_spans { offset: -1 length: "
                    "1 } positive_deltas: [1, 1]"),
              HasSubstr("overlap"));
  EXPECT_THAT(fault("count_int: 9 positive_spans { offset: 2147483647 length: 1 } "
                    "positive_deltas: 1"),
              HasSubstr("beyond index 2^31"));
  EXPECT_THAT(fault("count_int: 9 negative_spans { length: 1 } negative_deltas: -1"),
              HasSubstr("negative count"));
  EXPECT_THAT(fault("count_float: 9 positive_spans { length: 1 } positive_counts: nan"),
              HasSubstr("negative count"));
  EXPECT_THAT(fault("count_float: -1"), HasSubstr("its count is negative"));
  EXPECT_THAT(fault("count_int: 1 positive_spans { length: 1 } positive_deltas: 2"),
              HasSubstr("more than its count"));
  EXPECT_THAT(fault("count_int: 3 positive_spans { length: 1 } positive_deltas: 2"),
              HasSubstr("less than its count"));
  EXPECT_THAT(fault("custom_values: 1"), HasSubstr("without the schema"));
  EXPECT_THAT(fault("schema: -53 custom_values: [1, 1]"), HasSubstr("do not rise"));
  EXPECT_THAT(fault("schema: -53 custom_values: inf"), HasSubstr("do not rise"));
  EXPECT_THAT(fault("schema: -53 zero_count_int: 1 count_int: 1"), HasSubstr("zero bucket"));
  EXPECT_THAT(fault("schema: -53 count_int: 1 custom_values: 1 positive_spans { offset: 2 length: "
                    "1 } positive_deltas: 1"),
              HasSubstr("beyond its custom bounds"));
}

TEST(NativeHistogramTest, TooManyBucketsTakeNoMemory) {
  prometheus::Histogram message;
  message.set_count_int(1);
  for (size_t i = 0; i < 3 * kMaxNativeBuckets; ++i) message.add_positive_deltas(0);
  NativeHistogram read;
  ASSERT_TRUE(ReadNativeHistogram(message.SerializeAsString(), &read));
  EXPECT_THAT(read.fault, HasSubstr("more than 65536 buckets"));
  EXPECT_EQ(read.histogram.positive_counts.size(), kMaxNativeBuckets + 1);
}

TEST(NativeHistogramTest, UnpackedBucketsAreReadAsWell) {
  NativeHistogram read;
  // count_int 2, a span of two, deltas 1 and 0 one by one.
  ASSERT_TRUE(
      ReadNativeHistogram(std::string("\x08\x02\x5a\x02\x10\x02\x60\x02\x60\x00", 10), &read));
  EXPECT_EQ(read.fault, "");
  EXPECT_THAT(read.histogram.positive_counts, ElementsAre(1, 1));
}

TEST(NativeHistogramTest, BrokenBytes) {
  NativeHistogram read;
  EXPECT_FALSE(ReadNativeHistogram("\x08", &read));
  EXPECT_FALSE(ReadNativeHistogram("\x62\x01\xff", &read)) << "a delta cut short";
  EXPECT_FALSE(ReadNativeHistogram("\x6a\x03\x01\x02\x03", &read)) << "a double cut short";
  EXPECT_FALSE(ReadNativeHistogram("\x5a\x01\x08", &read)) << "a span cut short";
}

}  // namespace
}  // namespace vigil::collector
