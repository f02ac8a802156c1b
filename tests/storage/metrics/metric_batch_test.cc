// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/metric_batch.h"

#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::tuple<uint64_t, int64_t, double>> Floats(const MetricBatch& batch) {
  std::vector<std::tuple<uint64_t, int64_t, double>> floats;
  batch.ForEachFloat([&](SeriesRef ref, int64_t time_ms, double value) {
    floats.emplace_back(static_cast<uint64_t>(ref), time_ms, value);
  });
  return floats;
}

TEST(MetricBatchTest, NeighboursOfAnInstantMakeARun) {
  MetricBatch batch;
  EXPECT_TRUE(batch.empty());
  batch.Add(SeriesRef{5}, 10, 0.5);
  batch.Add(SeriesRef{6}, 10, 0.6);
  batch.Add(SeriesRef{7}, 11, 0.7);  // Another instant.
  batch.Add(SeriesRef{7}, 11, 0.8);  // The same series again.
  batch.Add(SeriesRef{6}, 11, 0.9);
  EXPECT_THAT(batch.runs,
              ElementsAre(SampleRun{SeriesRef{5}, 2, 10}, SampleRun{SeriesRef{7}, 1, 11},
                          SampleRun{SeriesRef{7}, 1, 11}, SampleRun{SeriesRef{6}, 1, 11}));
  EXPECT_THAT(Floats(batch),
              ElementsAre(std::tuple(5, 10, 0.5), std::tuple(6, 10, 0.6), std::tuple(7, 11, 0.7),
                          std::tuple(7, 11, 0.8), std::tuple(6, 11, 0.9)));
  EXPECT_EQ(batch.size(), 5u);
}

TEST(MetricBatchTest, RewindTakesBackWhatCameAfterTheMark) {
  MetricBatch batch;
  const MetricBatch::Mark start = batch.mark();
  batch.Add(SeriesRef{5}, 10, 0.5);
  const MetricBatch::Mark mark = batch.mark();
  batch.Add(SeriesRef{6}, 10, 0.6);
  batch.Add(SeriesRef{9}, 10, 0.9);
  batch.histograms.push_back({SeriesRef{4}, 10, nullptr});
  EXPECT_EQ(batch.size(), 4u);
  batch.Rewind(mark);
  EXPECT_THAT(Floats(batch), ElementsAre(std::tuple(5, 10, 0.5)));
  EXPECT_THAT(batch.histograms, IsEmpty());
  batch.Rewind(start);
  EXPECT_TRUE(batch.empty());
  EXPECT_THAT(batch.runs, IsEmpty());
}

}  // namespace
}  // namespace vigil::storage
