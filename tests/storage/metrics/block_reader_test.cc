// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/block_reader.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.h"
#include "storage/kv/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TenantId kTenant{2};
constexpr uint8_t kShard = 7;
constexpr uint32_t kMetric = 77;
constexpr TimeRange kEver = {INT64_MIN, INT64_MAX};

class BlockReaderTest : public ::testing::Test {
 protected:
  std::string KeyOf(int64_t first_ms, uint64_t sequence, uint32_t number = 1) {
    return BlockKey{.tenant = kTenant,
                    .shard = kShard,
                    .partition_start_ms = 0,
                    .metric = kMetric,
                    .series = number,
                    .first_ms = first_ms,
                    .sequence = sequence}
        .Encode();
  }
  void Put(std::string key, std::string value) {
    WriteBatch batch;
    batch.Put(Family::kBlocks, std::move(key), std::move(value));
    ASSERT_OK(store_.Write(batch, Durability::kNoSync));
  }
  void PutBlock(uint64_t sequence, std::vector<int64_t> times_ms, double value,
                std::optional<uint64_t> shared_times = std::nullopt) {
    const std::vector<double> values(times_ms.size(), value);
    Put(KeyOf(times_ms.front(), sequence), EncodeFloatBlock(times_ms, values, shared_times));
  }
  SampleColumns Read(TimeRange range = kEver) {
    SampleColumns columns;
    EXPECT_OK(BlockReader(&store_, kTenant, kShard).Read(0, kMetric, 1, range, &columns));
    return columns;
  }
  int64_t CorruptBlocks() {
    return GetCounter("vigil_corrupt_blocks_total",
                      "Stored blocks and rows that were damaged and skipped.")
        .Value();
  }

  MemoryStore store_;
};

TEST_F(BlockReaderTest, LaterSequenceWins) {
  PutBlock(/*sequence=*/9, {10, 20, 30}, 9);
  PutBlock(/*sequence=*/8, {20, 40}, 8);
  PutBlock(/*sequence=*/10, {5, 30}, 10);
  const SampleColumns columns = Read();
  EXPECT_THAT(columns.times_ms, ElementsAre(5, 10, 20, 30, 40));
  EXPECT_THAT(columns.values, ElementsAre(10, 9, 9, 10, 8));
}

TEST_F(BlockReaderTest, ReadsTheSeriesAskedForOnly) {
  PutBlock(1, {10}, 1);
  Put(KeyOf(10, 1, /*number=*/2),
      EncodeFloatBlock(std::vector<int64_t>{10}, std::vector<double>{2}));
  EXPECT_THAT(Read().values, ElementsAre(1));
}

TEST_F(BlockReaderTest, BlocksOutsideOfTheRangeAreNotDecoded) {
  PutBlock(1, {10, 20}, 1);
  PutBlock(2, {30, 40}, 2);
  Put(KeyOf(50, 3), "damaged");
  const int64_t before = CorruptBlocks();
  EXPECT_THAT(Read({25, 45}).times_ms, ElementsAre(30, 40));
  EXPECT_EQ(CorruptBlocks(), before);
}

TEST_F(BlockReaderTest, AppendsJustWhatIsAskedFor) {
  PutBlock(1, {10, 20, 30, 40}, 1);
  PutBlock(2, {25, 30}, 2);
  SampleColumns columns;
  columns.times_ms = {-5};
  columns.values = {0};
  ASSERT_OK(BlockReader(&store_, kTenant, kShard).Read(0, kMetric, 1, {20, 30}, &columns));
  EXPECT_THAT(columns.times_ms, ElementsAre(-5, 20, 25, 30));
  EXPECT_THAT(columns.values, ElementsAre(0, 1, 2, 2));
}

TEST_F(BlockReaderTest, DamagedBlocksAreCountedAndSkipped) {
  PutBlock(1, {10, 20}, 1);
  const std::vector<int64_t> times_ms = {30, 40};
  const std::vector<double> values = {1.5, 2.25};
  const std::string block = EncodeFloatBlock(times_ms, values);
  const int64_t before = CorruptBlocks();
  for (size_t i = 0; i < block.size(); ++i) {
    std::string damaged = block;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    Put(KeyOf(30, 2), damaged);
    ASSERT_THAT(Read().times_ms, ElementsAre(10, 20)) << "byte " << i;
  }
  EXPECT_EQ(CorruptBlocks(), before + static_cast<int64_t>(block.size()));
}

TEST_F(BlockReaderTest, MissingOrDamagedTimesCostOnlyTheirBlocks) {
  const TimestampColumnKey key = {kTenant, kShard, 0, 17};
  const std::vector<int64_t> times_ms = {10, 25};
  PutBlock(1, times_ms, 1, /*shared_times=*/17);
  PutBlock(2, {30}, 2);
  EXPECT_THAT(Read().times_ms, ElementsAre(30));
  Put(key.Encode(), "damaged");
  EXPECT_THAT(Read().times_ms, ElementsAre(30));
  Put(key.Encode(), EncodeTimesColumn(times_ms));
  EXPECT_THAT(Read().times_ms, ElementsAre(10, 25, 30));
}

TEST_F(BlockReaderTest, ReadsSeriesInTheirOrderWhateverIsBetween) {
  constexpr uint32_t kSeries = 300;
  for (uint32_t number = 1; number <= kSeries; ++number) {
    for (const int64_t time_ms : {10, 20}) {
      Put(KeyOf(time_ms, 1, number),
          EncodeFloatBlock(std::vector<int64_t>{time_ms},
                           std::vector<double>{number + time_ms / 100.0}));
    }
  }
  // One that is there, or is not, for every distance between one and the next.
  for (const uint32_t distance : {1, 2, 3, 4, 7, 30, 120}) {
    BlockReader reader(&store_, kTenant, kShard);
    for (uint32_t number = 1; number <= kSeries + distance; number += distance) {
      SampleColumns columns;
      ASSERT_OK(reader.Read(0, kMetric, number, kEver, &columns));
      if (number > kSeries) {
        EXPECT_THAT(columns.values, IsEmpty());
      } else {
        EXPECT_THAT(columns.values, ElementsAre(number + 0.1, number + 0.2));
      }
    }
  }
}

TEST_F(BlockReaderTest, TimesThatWereDecodedAreThereForTheNextReader) {
  const TimestampColumnKey key = {kTenant, kShard, 0, 17};
  const std::vector<int64_t> times_ms = {10, 25};
  Put(key.Encode(), EncodeTimesColumn(times_ms));
  PutBlock(1, times_ms, 1, /*shared_times=*/17);
  DecodedTimes recent(8 << 20);
  for (int round = 0; round < 2; ++round) {
    SampleColumns columns;
    ASSERT_OK(BlockReader(&store_, kTenant, kShard, &recent).Read(0, kMetric, 1, kEver, &columns));
    EXPECT_THAT(columns.times_ms, ElementsAre(10, 25));
    Put(key.Encode(), "damaged");  // Nobody looks.
  }
  EXPECT_THAT(Read().times_ms, IsEmpty());
  EXPECT_EQ(recent.Find(17, kEver)->size(), 2u);
  EXPECT_FALSE(recent.Find(18, kEver).has_value());
  // Bounded: very many begin anew.
  const auto large = std::make_shared<const std::vector<int64_t>>(1 << 20);
  recent.Put(18, large);
  recent.Put(19, large);
  EXPECT_FALSE(recent.Find(18, kEver).has_value());
  EXPECT_EQ(recent.Find(19, kEver)->times_ms, large);
}

TEST_F(BlockReaderTest, SeesTheMomentItWasMadeAt) {
  BlockReader early(&store_, kTenant, kShard);
  PutBlock(1, {10}, 1);
  SampleColumns columns;
  EXPECT_OK(early.Read(0, kMetric, 1, kEver, &columns));
  EXPECT_THAT(columns.times_ms, IsEmpty());
  EXPECT_THAT(Read().times_ms, ElementsAre(10));
}

}  // namespace
}  // namespace vigil::storage
