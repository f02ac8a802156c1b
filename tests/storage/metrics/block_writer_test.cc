// SPDX-License-Identifier: Apache-2.0
//
// What is cut and shared in writing comes back in reading.
#include "storage/metrics/block_writer.h"

#include <algorithm>
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/block/metric_block.h"
#include "storage/kv/keys.h"
#include "storage/kv/memory_store.h"
#include "storage/kv/record_keys.h"
#include "storage/metrics/block_reader.h"
#include "tests/storage/metrics/shard_model.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

constexpr TenantId kTenant{2};
constexpr uint8_t kShard = 7;
constexpr uint32_t kMetric = 77;
constexpr int64_t kPartitionMs = 1'000'000;
constexpr TimeRange kEver = {INT64_MIN, INT64_MAX};

// Instants with jitter, which take room in a block.
std::vector<int64_t> Jittered(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<int64_t> times_ms;
  for (size_t i = 0; i < count; ++i) {
    times_ms.push_back(static_cast<int64_t>(1000 * i + random() % 900));
  }
  return times_ms;
}

SampleColumns Floats(std::vector<int64_t> times_ms, double value) {
  SampleColumns columns;
  columns.values.assign(times_ms.size(), value);
  columns.times_ms = std::move(times_ms);
  return columns;
}

class BlockWriterTest : public ::testing::Test {
 protected:
  // Writes series 1, 2, ... as one flush.
  void Write(const std::vector<SampleColumns>& series) {
    BlockRows rows;
    BlockWriter writer({kTenant, kShard, &rows, &presence_, &next_sequence_},
                       Partitioning(kPartitionMs));
    for (const SampleColumns& columns : series) writer.Survey(columns);
    for (uint32_t i = 0; i < series.size(); ++i) writer.Write(i + 1, kMetric, series[i]);
    std::sort(rows.begin(), rows.end());
    ASSERT_OK(store_.Ingest(Family::kBlocks, rows, TableEffort::kQuick));
  }

  ModelSamples Read(uint32_t number) {
    BlockReader reader(&store_, kTenant, kShard);
    ModelSamples samples;
    for (const int64_t partition_ms : presence_.PartitionsOf(number, kEver)) {
      SampleColumns columns;
      EXPECT_OK(reader.Read(partition_ms, kMetric, number, kEver, &columns));
      samples.merge(ToModel(columns));
    }
    return samples;
  }

  std::vector<MetricBlockHeader> Blocks() {
    std::vector<MetricBlockHeader> headers;
    EXPECT_OK(ForEach(store_, Family::kBlocks, {},
                      [&headers](std::string_view key, std::string_view value) {
                        if (BlockKey::Decode(key).ok()) {
                          headers.push_back(PeekMetricBlock(value).value());
                        }
                        return absl::OkStatus();
                      }));
    return headers;
  }
  size_t SharedColumns() {
    size_t count = 0;
    EXPECT_OK(
        ForEach(store_, Family::kBlocks, {}, [&count](std::string_view key, std::string_view) {
          count += TimestampColumnKey::Decode(key).ok();
          return absl::OkStatus();
        }));
    return count;
  }

  MemoryStore store_;
  BlockPresence presence_{kTenant, kShard};
  uint64_t next_sequence_ = 1;
};

TEST_F(BlockWriterTest, SeriesWithTheSameTimesShareThem) {
  const std::vector<SampleColumns> series = {
      Floats(Jittered(500, 1), 1), Floats(Jittered(500, 1), 2), Floats(Jittered(500, 2), 3)};
  Write(series);
  EXPECT_EQ(SharedColumns(), 1u);
  const std::vector<MetricBlockHeader> blocks = Blocks();
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_TRUE(blocks[0].shared_times.has_value());
  EXPECT_EQ(blocks[0].shared_times, blocks[1].shared_times);
  EXPECT_FALSE(blocks[2].shared_times.has_value());
  for (uint32_t i = 0; i < series.size(); ++i) EXPECT_EQ(Read(i + 1), ToModel(series[i]));
}

TEST_F(BlockWriterTest, TimesThatTakeNoRoomAreNotShared) {
  std::vector<int64_t> regular;
  for (int64_t i = 0; i < 60; ++i) regular.push_back(15'000 * i);
  Write({Floats(regular, 1), Floats(regular, 2), Floats({5}, 3), Floats({5}, 4)});
  EXPECT_EQ(SharedColumns(), 0u);
  EXPECT_EQ(Read(2), ToModel(Floats(regular, 2)));
}

TEST_F(BlockWriterTest, FloatsAndHistogramsShareToo) {
  const std::vector<int64_t> times_ms = Jittered(300, 3);
  SampleColumns histograms;
  histograms.histogram_times_ms = times_ms;
  histograms.histograms.assign(times_ms.size(), std::make_shared<const Histogram>());
  Write({Floats(times_ms, 1), histograms});
  EXPECT_EQ(SharedColumns(), 1u);
  EXPECT_EQ(Read(1), ToModel(Floats(times_ms, 1)));
  EXPECT_EQ(Read(2), ToModel(histograms));
}

TEST_F(BlockWriterTest, CutsAtPartitionsAndAtTheSizeLimit) {
  std::vector<int64_t> times_ms = {INT64_MIN, -kPartitionMs - 1, -1, 0, kPartitionMs - 1};
  for (size_t i = 0; i < kMaxSamplesPerBlock + 1; ++i) {
    times_ms.push_back(kPartitionMs + static_cast<int64_t>(i));
  }
  times_ms.push_back(INT64_MAX);
  const SampleColumns columns = Floats(times_ms, 1);
  Write({columns});
  std::vector<size_t> counts;
  for (const MetricBlockHeader& header : Blocks()) counts.push_back(header.count);
  EXPECT_THAT(counts, ::testing::ElementsAre(1, 1, 1, 2, kMaxSamplesPerBlock, 1, 1));
  EXPECT_EQ(Read(1), ToModel(columns));
}

TEST_F(BlockWriterTest, SequencesAndColumnIdsAreNeverUsedAgain) {
  Write({Floats(Jittered(500, 1), 1), Floats(Jittered(500, 1), 2)});
  EXPECT_EQ(next_sequence_, 1 + 3u);
  Write({Floats(Jittered(500, 1), 3), Floats(Jittered(500, 1), 4)});
  EXPECT_EQ(SharedColumns(), 2u);
  EXPECT_EQ(Blocks().size(), 4u);
  EXPECT_EQ(Read(1), ToModel(Floats(Jittered(500, 1), 3)));
}

}  // namespace
}  // namespace vigil::storage
