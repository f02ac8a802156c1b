// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/head_tile.h"

#include <array>
#include <random>

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
      ASSERT_EQ(Read(tile, slot, {7, 12}),
                ModelSamples(model[slot].lower_bound(7), model[slot].upper_bound(12)));
    }
  }
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
