// SPDX-License-Identifier: Apache-2.0
#include "storage/codec/histogram_column.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/storage/codec/shapes.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

std::string Encode(const HistogramRows& rows, CodecEffort effort = CodecEffort::kQuick) {
  std::string bytes;
  AppendHistogramColumn(rows, &bytes, effort);
  return bytes;
}

TEST(HistogramColumn, RoundTripsEveryShapeBitForBit) {
  for (const auto& shape : HistogramShapes()) {
    for (const CodecEffort effort : {CodecEffort::kQuick, CodecEffort::kThorough}) {
      const std::string bytes = Encode(shape.values, effort);
      ByteReader reader(bytes);
      HistogramRows decoded(shape.values.size());
      ReadHistogramColumn(&reader, "histograms", decoded);
      reader.ExpectEnd("histograms");
      ASSERT_OK(reader.status()) << shape.name;
      for (size_t i = 0; i < decoded.size(); ++i) {
        EXPECT_TRUE(*decoded[i] == *shape.values[i]) << shape.name << ", row " << i;
      }
    }
  }
}

TEST(HistogramColumn, RowsThatGrowEvenlyCostLittle) {
  HistogramRows rows;
  for (int i = 0; i < 120; ++i) {
    Histogram histogram;
    histogram.positive_spans = {{0, 20}};
    histogram.positive_counts.assign(20, 5.0 * i);
    histogram.count = 100.0 * i;
    histogram.sum = 50.0 * i;
    rows.push_back(std::make_shared<const Histogram>(histogram));
  }
  EXPECT_LE(Encode(rows).size(), 150u);
}

TEST(HistogramColumn, LayoutsThatChangeWithEveryRowAreKeptByRow) {
  HistogramRows rows;
  for (int i = 0; i < 120; ++i) {
    Histogram histogram;
    histogram.positive_spans = {{i, 20}};
    histogram.positive_counts.assign(20, 3);
    rows.push_back(std::make_shared<const Histogram>(histogram));
  }
  EXPECT_LE(Encode(rows).size(), 120u * 16);
}

TEST(HistogramColumn, ClaimsOfHugeHistogramsAreRefusedBeforeMemoryIsTaken) {
  Histogram histogram;
  histogram.positive_spans = {{0, 1}};
  histogram.positive_counts = {1};
  std::string bytes = Encode({std::make_shared<const Histogram>(histogram)});
  // One layout: count, schema, threshold (8), one span, offset 0, length 1.
  ASSERT_EQ(bytes.substr(10, 3), std::string("\x01\x00\x01", 3));
  std::string length;
  AppendVarint(UINT32_MAX, &length);
  bytes.replace(12, 1, length);
  ByteReader reader(bytes);
  HistogramRows decoded(1);
  ReadHistogramColumn(&reader, "histograms", decoded);
  EXPECT_THAT(reader.status(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("cells")));
}

TEST(HistogramColumn, HostileBytes) {
  for (const auto& shape : HistogramShapes()) {
    if (shape.values.size() > 70) continue;
    SCOPED_TRACE(shape.name);
    DecodeHostile(Encode(shape.values), [&](ByteReader* reader) {
      HistogramRows decoded(shape.values.size());
      ReadHistogramColumn(reader, "histograms", decoded);
      if (!reader->ok()) return;
      for (const auto& histogram : decoded) ASSERT_NE(histogram, nullptr);
    });
  }
}

}  // namespace
}  // namespace vigil::storage
