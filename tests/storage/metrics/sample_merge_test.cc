// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/sample_merge.h"

#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/storage/metrics/shard_model.h"

namespace vigil::storage {
namespace {

std::shared_ptr<const Histogram> OfSum(double sum) {
  auto histogram = std::make_shared<Histogram>();
  histogram->sum = sum;
  return histogram;
}

SampleColumns FromModel(const ModelSamples& samples) {
  SampleColumns columns;
  for (const auto& [time_ms, value] : samples) {
    if (value.histogram != nullptr) {
      columns.histogram_times_ms.push_back(time_ms);
      columns.histograms.push_back(value.histogram);
    } else {
      columns.times_ms.push_back(time_ms);
      columns.values.push_back(std::bit_cast<double>(value.bits));
    }
  }
  return columns;
}

ModelSamples RandomSamples(std::mt19937& random) {
  ModelSamples samples;
  const auto first = static_cast<int64_t>(random() % 60);
  const size_t spread = 1 + random() % 40;
  for (size_t count = random() % 20; count > 0; --count) {
    const auto value = static_cast<double>(random() % 1000);
    samples[first + static_cast<int64_t>(random() % spread)] =
        random() % 3 == 0 ? ModelValue{0, OfSum(value)} : FloatValue(value);
  }
  return samples;
}

TEST(SampleMergeTest, NewerWinsByInstant) {
  constexpr uint32_t kSeed = 31337;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937 random(kSeed);
  for (int round = 0; round < 5000; ++round) {
    const ModelSamples older = RandomSamples(random);
    const ModelSamples newer = RandomSamples(random);
    ModelSamples expected = newer;
    expected.insert(older.begin(), older.end());  // Keeps what is there.
    SampleColumns merged = FromModel(older);
    Overlay(FromModel(newer), &merged);
    ASSERT_EQ(ToModel(merged), expected) << "round " << round;
    if (!expected.empty()) {
      ASSERT_EQ(Extent(merged), (TimeRange{expected.begin()->first, expected.rbegin()->first}));
    }
  }
}

}  // namespace
}  // namespace vigil::storage
