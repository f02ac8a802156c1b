// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/head_columns.h"

#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/storage/metrics/shard_model.h"

namespace vigil::storage {
namespace {

constexpr TimeRange kEver = {INT64_MIN, INT64_MAX};

ModelSamples Read(const HeadColumns& columns, TimeRange range) {
  SampleColumns samples;
  columns.AppendTo(range, &samples);
  return ToModel(samples);
}

// How samples come: in order or not, and how many in ten are histograms.
struct Stream {
  bool in_order;
  uint32_t histograms;
};

class HeadColumnsTest : public ::testing::TestWithParam<Stream> {};

TEST_P(HeadColumnsTest, LastAppendedOfAnInstantCounts) {
  constexpr uint32_t kSeed = 99;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937 random(kSeed);
  for (int round = 0; round < 500; ++round) {
    HeadColumns columns;
    ModelSamples model;
    const int count = static_cast<int>(random() % 50);
    for (int i = 0; i < count; ++i) {
      const int64_t time_ms = GetParam().in_order ? i : static_cast<int64_t>(random() % 30);
      if (random() % 10 < GetParam().histograms) {
        auto histogram = std::make_shared<Histogram>();
        histogram->sum = i;
        columns.Append(time_ms, histogram);
        model[time_ms] = {0, histogram};
      } else {
        columns.Append(time_ms, i);
        model[time_ms] = FloatValue(i);
      }
      // Ordering for good at any moment, even twice, changes nothing.
      if (random() % 16 == 0) columns.Normalize();
    }
    EXPECT_EQ(columns.empty(), model.empty());
    columns.Normalize();
    ASSERT_EQ(Read(columns, kEver), model);
    ASSERT_EQ(Read(columns, {7, 12}), ModelSamples(model.lower_bound(7), model.upper_bound(12)));
  }
}

INSTANTIATE_TEST_SUITE_P(Streams, HeadColumnsTest,
                         ::testing::Values(Stream{true, 0}, Stream{false, 0}, Stream{true, 10},
                                           Stream{false, 10}, Stream{true, 3}, Stream{false, 3}),
                         [](const ::testing::TestParamInfo<Stream>& info) {
                           return fmt::format("{}_{}in10", info.param.in_order ? "Ordered" : "Any",
                                              info.param.histograms);
                         });

}  // namespace
}  // namespace vigil::storage
