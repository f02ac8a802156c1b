// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/head_tile.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/storage/metrics/shard_model.h"

namespace vigil::storage {
namespace {

constexpr TimeRange kEver = {INT64_MIN, INT64_MAX};

ModelSamples Read(const HeadTile& tile, uint32_t slot, TimeRange range) {
  SampleColumns in_order;
  const bool is_in_order = tile.ReadInOrder(slot, range, &in_order);
  HeadColumns copy = tile.Copy(slot, range);
  copy.Normalize();
  SampleColumns samples;
  copy.AppendTo(range, &samples);
  EXPECT_TRUE(!is_in_order || ToModel(in_order) == ToModel(samples));
  return ToModel(samples);
}

// Holds the newest sample to what reading all gives.
void CheckNewest(const HeadTile& tile, uint32_t slot, TimeRange range, const ModelSamples& all,
                 bool has_histograms) {
  const NewestSample newest = tile.Newest(slot, range);
  if (newest.kind == NewestSample::Kind::kUnknown) {
    EXPECT_TRUE(has_histograms);
  } else if (all.empty()) {
    EXPECT_EQ(newest.kind, NewestSample::Kind::kNone);
  } else {
    ASSERT_EQ(newest.kind, NewestSample::Kind::kFloat);
    EXPECT_EQ(newest.time_ms, all.rbegin()->first);
    EXPECT_EQ(FloatValue(newest.value), all.rbegin()->second);
  }
}

TEST(HeadTileTest, EqualsAModel) {
  constexpr uint32_t kSeed = 7;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937 random(kSeed);
  for (int round = 0; round < 300; ++round) {
    HeadTile tile;
    std::array<ModelSamples, kChunkSize> model;
    // In some rounds time goes forward only, in some there are histograms.
    const bool in_order = round % 2 == 0;
    const uint32_t histograms_in_ten = round % 3 == 0 ? 2 : 0;
    int64_t time_ms = 0;
    int value = 0;
    for (int batch = 0; batch < 20; ++batch) {
      time_ms = in_order ? time_ms + static_cast<int64_t>(random() % 3)
                         : static_cast<int64_t>(random() % 30);
      const uint32_t samples = random() % 80;
      for (uint32_t i = 0; i < samples; ++i) {
        // Mostly neighbours one after the other, as exporters send them.
        const uint32_t slot = (random() % 8 == 0 ? random() : i) % kChunkSize;
        ++value;
        if (random() % 10 < histograms_in_ten) {
          auto histogram = std::make_shared<Histogram>();
          histogram->sum = value;
          tile.Append(slot, time_ms, histogram);
          model[slot][time_ms] = {0, histogram};
        } else {
          const uint32_t run = 1 + (random() % 4 == 0 ? random() % (kChunkSize - slot) : 0);
          tile.Append(slot, time_ms, std::vector<double>(run, value));
          for (uint32_t j = 0; j < run; ++j) model[slot + j][time_ms] = FloatValue(value);
        }
      }
      if (random() % 8 == 0) tile.SortRows();
    }
    for (uint32_t slot = 0; slot < kChunkSize; ++slot) {
      ASSERT_EQ((tile.members() >> slot & 1) != 0, !model[slot].empty());
      ASSERT_EQ(Read(tile, slot, kEver), model[slot]);
      const ModelSamples some(model[slot].lower_bound(7), model[slot].upper_bound(12));
      ASSERT_EQ(Read(tile, slot, {7, 12}), some);
      CheckNewest(tile, slot, kEver, model[slot], histograms_in_ten > 0);
      CheckNewest(tile, slot, {7, 12}, some, histograms_in_ten > 0);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

// Reads all series at once; false if the tile does not. Where instants can be visited apart, they
// are the same.
bool ReadAll(const HeadTile& tile, TimeRange range, std::array<ModelSamples, kChunkSize>* all) {
  TileColumns columns;
  std::array<std::vector<int64_t>, kChunkSize> times_ms;
  const bool visited =
      tile.VisitTimes(range, [&times_ms](SlotSet slots, std::span<const int64_t> group_ms) {
        for (SlotSet rest = slots; rest != 0; rest &= rest - 1) {
          std::vector<int64_t>& of_slot = times_ms[std::countr_zero(rest)];
          EXPECT_TRUE(of_slot.empty()) << "a series is in two groups";
          of_slot.assign(group_ms.begin(), group_ms.end());
        }
      });
  const bool read = tile.ReadAllInOrder(range, &columns);
  EXPECT_TRUE(read || !visited);
  for (uint32_t slot = 0; slot < kChunkSize; ++slot) {
    if (visited) {
      EXPECT_EQ(columns[slot].times_ms, times_ms[slot]);
    }
    (*all)[slot] = ToModel(columns[slot]);
  }
  return read;
}

TEST(HeadTileTest, RowsInOrderAreReadTogether) {
  constexpr uint32_t kSeed = 11;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937 random(kSeed);
  for (int round = 0; round < 200; ++round) {
    HeadTile tile;
    std::array<ModelSamples, kChunkSize> model;
    std::vector<std::pair<uint32_t, uint32_t>> kinds;  // First slot and count.
    const uint32_t more_kinds = round % 4 == 0 ? 40 : random() % 6;
    for (uint32_t i = 0; i <= more_kinds; ++i) {
      const uint32_t first = random() % kChunkSize;
      kinds.emplace_back(first, 1 + random() % (kChunkSize - first));
    }
    int64_t time_ms = 0;
    for (int row = 0; row < 40; ++row) {
      const auto& [first, count] = kinds[random() % kinds.size()];
      std::vector<double> values(count);
      for (uint32_t i = 0; i < count; ++i) {
        values[i] = 100 * row + i;
        model[first + i][time_ms] = FloatValue(values[i]);
      }
      tile.Append(first, time_ms, values);
      time_ms += static_cast<int64_t>(random() % 3);  // Now and then the same once more.
    }
    for (const TimeRange range : {kEver, TimeRange{7, 12}, TimeRange{1000, 2000}}) {
      std::array<ModelSamples, kChunkSize> all;
      ASSERT_TRUE(ReadAll(tile, range, &all));
      for (uint32_t slot = 0; slot < kChunkSize; ++slot) {
        ASSERT_EQ(all[slot], ModelSamples(model[slot].lower_bound(range.start_ms),
                                          model[slot].upper_bound(range.end_ms)));
      }
    }
  }
}

TEST(HeadTileTest, WhatIsOutOfOrderIsNotReadTogether) {
  HeadTile backwards;
  backwards.Append(0, 2, std::vector<double>{1});
  backwards.Append(0, 1, std::vector<double>{2});
  HeadTile with_histogram;
  with_histogram.Append(0, 1, std::vector<double>{1});
  with_histogram.Append(1, 1, std::make_shared<Histogram>());
  for (const HeadTile* tile : {&backwards, &with_histogram}) {
    std::array<ModelSamples, kChunkSize> all;
    EXPECT_FALSE(ReadAll(*tile, kEver, &all));
    EXPECT_TRUE(all[0].empty());
  }
}

TEST(HeadTileTest, ARowTakesSeriesInAnyOrder) {
  HeadTile in_order;
  HeadTile shuffled;
  std::vector<uint32_t> slots(kChunkSize);
  std::iota(slots.begin(), slots.end(), 0);
  std::mt19937 random(3);
  for (int64_t row = 0; row < 100; ++row) {
    std::shuffle(slots.begin(), slots.end(), random);
    for (const uint32_t slot : slots) {
      shuffled.Append(slot, row, std::vector<double>{1000.0 * row + slot});
    }
    for (uint32_t slot = 0; slot < kChunkSize; ++slot) {
      in_order.Append(slot, row, std::vector<double>{1000.0 * row + slot});
    }
  }
  EXPECT_EQ(shuffled.size_bytes(), in_order.size_bytes());
  std::array<ModelSamples, kChunkSize> expected;
  std::array<ModelSamples, kChunkSize> all;
  ASSERT_TRUE(ReadAll(in_order, kEver, &expected));
  ASSERT_TRUE(ReadAll(shuffled, kEver, &all));
  EXPECT_EQ(all, expected);
}

TEST(HeadTileTest, ATimeCostsLittleWhereItIsShared) {
  HeadTile tile;
  constexpr int kRows = 1000;
  for (int64_t row = 0; row < kRows; ++row) {
    tile.Append(0, row, std::vector<double>(kChunkSize, 1));
  }
  // Eight bytes a value, and what growing by half leaves unused.
  EXPECT_LE(tile.size_bytes(), kRows * kChunkSize * 13);
}

}  // namespace
}  // namespace vigil::storage
