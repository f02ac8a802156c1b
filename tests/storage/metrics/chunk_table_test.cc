// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/chunk_table.h"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/metrics/series_states.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;

struct Cell {
  std::atomic<int> value = 0;
};

TEST(ChunkTableTest, ReachesEveryNumber) {
  ChunkTable<Cell> table;
  EXPECT_EQ(table.Find(ChunkOf(1)), nullptr);
  EXPECT_EQ(table.Find(ChunkOf(0xFFFFFFFF)), nullptr);
  for (const uint32_t number : {1u, 64u, 0x100000u, 0xFFFFFFFFu}) {
    table.FindOrCreate(ChunkOf(number)).value = 7;
    EXPECT_EQ(table.Find(ChunkOf(number)), &table.FindOrCreate(ChunkOf(number)));
  }
  std::vector<uint32_t> chunks;
  table.ForEach([&chunks](uint32_t chunk, const Cell& cell) {
    EXPECT_EQ(cell.value, 7);
    chunks.push_back(chunk);
  });
  EXPECT_THAT(chunks, ElementsAre(0, 1, 0x100000 / 64, 0xFFFFFFFF / 64));
}

TEST(ChunkTableTest, ThreadsThatMakeTheSameChunkGetTheSame) {
  constexpr uint32_t kChunks = 20000;  // More than a segment.
  ChunkTable<Cell> table;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&table] {
      for (uint32_t chunk = 0; chunk < kChunks; ++chunk) ++table.FindOrCreate(chunk).value;
    });
  }
  for (std::thread& thread : threads) thread.join();
  uint32_t full = 0;
  table.ForEach([&full](uint32_t, const Cell& cell) { full += cell.value == 4; });
  EXPECT_EQ(full, kChunks);
}

TEST(SeriesStatesTest, FlagsAreApart) {
  SeriesStates states;
  EXPECT_FALSE(states.Has(5, kSeriesKnown));
  states.Set(5, kSeriesKnown | kSeriesJournaled);
  EXPECT_TRUE(states.Has(5, kSeriesKnown | kSeriesJournaled));
  EXPECT_FALSE(states.Has(5, kSeriesKnown | kSeriesStored));
  EXPECT_FALSE(states.Has(6, kSeriesKnown));
  states.Clear(5, kSeriesJournaled);
  EXPECT_TRUE(states.Has(5, kSeriesKnown));
  EXPECT_FALSE(states.Has(5, kSeriesJournaled));
}

TEST(SeriesStatesTest, FlagsOfAChunkAreSetAtOnce) {
  SeriesStates states;
  constexpr SlotSet kSome = 0b111000;
  EXPECT_EQ(states.Missing(2, kSome, kSeriesKnown), kSome);
  states.SetAll(2, kSome, kSeriesKnown | kSeriesHeld);
  EXPECT_EQ(states.Missing(2, kSome, kSeriesKnown | kSeriesHeld), 0u);
  EXPECT_EQ(states.Missing(2, kSome << 1, kSeriesHeld), SlotSet{1} << 6);
  EXPECT_EQ(states.Missing(2, kSome, kSeriesKnown | kSeriesStored), kSome);
  EXPECT_EQ(states.Missing(1, kSome, kSeriesKnown), kSome);
  EXPECT_TRUE(states.Has(2 * kChunkSize + 4, kSeriesHeld));
  states.Clear(2 * kChunkSize + 4, kSeriesHeld);
  EXPECT_EQ(states.Missing(2, kSome, kSeriesHeld), SlotSet{1} << 4);
  EXPECT_EQ(states.Missing(2, kSome, kSeriesKnown), 0u);
}

}  // namespace
}  // namespace vigil::storage
