// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/run_order.h"

#include <algorithm>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

// By instant and series, the last one counting.
std::map<std::pair<int64_t, uint64_t>, double> Model(const MetricBatch& batch) {
  std::map<std::pair<int64_t, uint64_t>, double> samples;
  batch.ForEachFloat([&samples](SeriesRef ref, int64_t time_ms, double value) {
    samples[{time_ms, static_cast<uint64_t>(ref)}] = value;
  });
  return samples;
}

MetricBatch Shuffled(int series, std::vector<int64_t> times_ms, uint32_t seed) {
  std::vector<int> numbers;
  for (int i = 0; i < series; ++i) numbers.push_back(i + 1);
  std::mt19937 random(seed);
  MetricBatch batch;
  for (const int64_t time_ms : times_ms) {
    std::shuffle(numbers.begin(), numbers.end(), random);
    for (const int number : numbers) {
      batch.Add(MakeSeriesRef(3, number), time_ms, static_cast<double>(batch.size()));
    }
  }
  return batch;
}

TEST(JoinRunsTest, PutsNeighboursTogether) {
  const MetricBatch batch = Shuffled(100, {10, 5}, 1);
  MetricBatch joined;
  joined.Add(MakeSeriesRef(3, 7), 1, 1);  // What was there goes.
  ASSERT_TRUE(JoinRuns(batch, &joined));
  EXPECT_THAT(joined.runs, ElementsAre(SampleRun{MakeSeriesRef(3, 1), 100, 10},
                                       SampleRun{MakeSeriesRef(3, 1), 100, 5}));
  EXPECT_EQ(Model(joined), Model(batch));
}

TEST(JoinRunsTest, KeepsTheRest) {
  MetricBatch batch = Shuffled(100, {10}, 2);
  batch.histograms.push_back({MakeSeriesRef(3, 1), 10, nullptr});
  batch.exemplars.push_back({MakeSeriesRef(3, 2), {}});
  MetricBatch joined;
  ASSERT_TRUE(JoinRuns(batch, &joined));
  EXPECT_THAT(joined.histograms, SizeIs(1));
  EXPECT_THAT(joined.exemplars, SizeIs(1));
}

TEST(JoinRunsTest, LeavesWhatHasLongRuns) {
  MetricBatch batch;
  for (int i = 0; i < 1000; ++i) batch.Add(MakeSeriesRef(3, 2000 - i / 20 * 40 + i), 10, i);
  ASSERT_THAT(batch.runs, SizeIs(50));
  MetricBatch joined;
  EXPECT_FALSE(JoinRuns(batch, &joined));
}

TEST(JoinRunsTest, LeavesWhatCannotBeJoined) {
  MetricBatch batch;
  for (int i = 0; i < 100; ++i) batch.Add(MakeSeriesRef(3, 1000 - 2 * i), 10, i);
  MetricBatch joined;
  EXPECT_FALSE(JoinRuns(batch, &joined));
}

// Of two samples for one instant the later one counts: their order must stay.
TEST(JoinRunsTest, LeavesWhatHasASampleTwice) {
  for (const int again : {1, 50, 100}) {
    MetricBatch batch = Shuffled(100, {10}, 3);
    batch.Add(MakeSeriesRef(3, again), 10, -1);
    MetricBatch joined;
    EXPECT_FALSE(JoinRuns(batch, &joined)) << again;
  }
}

TEST(JoinRunsTest, EqualsAModel) {
  constexpr uint32_t kSeed = 17;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937 random(kSeed);
  int joined_batches = 0;
  for (int round = 0; round < 200; ++round) {
    MetricBatch batch;
    // Instants beyond what is sorted at once, and samples twice, in some rounds.
    const uint32_t instants = 1 + (round % 3 == 0 ? random() % 200 : random() % 3);
    const uint32_t numbers = 1 + random() % 2000;
    for (int i = 0; i < 1000; ++i) {
      batch.Add(MakeSeriesRef(3, 1 + random() % numbers), random() % instants, i);
    }
    MetricBatch joined;
    if (!JoinRuns(batch, &joined)) continue;
    ++joined_batches;
    ASSERT_EQ(joined.size(), batch.size());
    ASSERT_LT(joined.runs.size(), batch.runs.size());
    ASSERT_EQ(Model(joined), Model(batch));
  }
  for (const int series : {70'000, 200}) {
    const std::vector<int64_t> times_ms(1, 5);
    const MetricBatch batch = Shuffled(series, times_ms, 4);
    MetricBatch joined;
    ASSERT_TRUE(JoinRuns(batch, &joined));
    ASSERT_EQ(Model(joined), Model(batch));
    ++joined_batches;
  }
  // 70 instants a series: two stretches.
  std::vector<int64_t> times_ms;
  for (int i = 0; i < 70; ++i) times_ms.push_back(i);
  const MetricBatch many = Shuffled(50, times_ms, 5);
  MetricBatch joined;
  ASSERT_TRUE(JoinRuns(many, &joined));
  EXPECT_EQ(Model(joined), Model(many));
  EXPECT_THAT(joined.runs, SizeIs(70));
}

}  // namespace
}  // namespace vigil::storage
