// SPDX-License-Identifier: Apache-2.0
#include "server/remote_read/chunks.h"

#include <bit>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/strings.h"
#include "tests/server/remote_read/chunk_reader.h"

namespace vigil::server {
namespace {

using storage::CounterResetHint;
using storage::Histogram;
using storage::SampleColumns;

void AddFloat(int64_t time_ms, double value, SampleColumns* samples) {
  samples->times_ms.push_back(time_ms);
  samples->values.push_back(value);
}
void AddHistogram(int64_t time_ms, Histogram histogram, SampleColumns* samples) {
  samples->histogram_times_ms.push_back(time_ms);
  samples->histograms.push_back(std::make_shared<const Histogram>(std::move(histogram)));
}

SampleColumns ReadBack(const std::vector<Chunk>& chunks) {
  SampleColumns samples;
  for (const Chunk& chunk : chunks) {
    testing::ChunkReader reader(chunk.data);
    if (chunk.kind == ChunkKind::kXor) {
      reader.ReadFloats(&samples);
    } else {
      reader.ReadHistograms(&samples);
    }
  }
  return samples;
}

void ExpectSameFloats(const SampleColumns& a, const SampleColumns& b) {
  EXPECT_EQ(a.times_ms, b.times_ms);
  ASSERT_EQ(a.values.size(), b.values.size());
  for (size_t i = 0; i < a.values.size(); ++i) {
    EXPECT_EQ(std::bit_cast<uint64_t>(a.values[i]), std::bit_cast<uint64_t>(b.values[i])) << i;
  }
}

Histogram Exponential(double count, CounterResetHint hint = CounterResetHint::kUnknown) {
  Histogram histogram;
  histogram.schema = 3;
  histogram.zero_threshold = 0.001;
  histogram.zero_count = 1;
  histogram.count = count + 1;
  histogram.sum = count / 3;
  histogram.positive_spans = {{-2, 1}, {3, 2}};
  histogram.positive_counts = {count / 2, 0, count / 2};
  histogram.negative_spans = {{1, 1}};
  histogram.negative_counts = {0};
  histogram.reset_hint = hint;
  return histogram;
}

TEST(ChunksTest, TheBytesOfFloats) {
  SampleColumns samples;
  AddFloat(1, 1, &samples);
  AddFloat(16, 1, &samples);
  AddFloat(31, 2, &samples);
  const std::vector<Chunk> chunks = EncodeChunks(samples);
  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_EQ(chunks[0].kind, ChunkKind::kXor);
  EXPECT_EQ(chunks[0].min_time_ms, 1);
  EXPECT_EQ(chunks[0].max_time_ms, 31);
  // Three; 1 as a signed varint; 1.0; 15; then bits: same value, same delta, 11, one leading zero,
  // 11 bits, all set.
  EXPECT_EQ(ToHex(chunks[0].data),
            "0003"
            "02"
            "3ff0000000000000"
            "0f"
            "3097ffc0");
}

TEST(ChunksTest, FloatsComeBack) {
  std::mt19937_64 random(7);
  const int64_t kMost = std::numeric_limits<int64_t>::max();
  SampleColumns odd;
  const double kValues[] = {0, -0.0, 1, storage::StaleNan(), std::nan(""), 1e300, -1e-300, 3, 3};
  int64_t time_ms = -kMost / 2;
  for (const double value : kValues) AddFloat(time_ms += kMost / 16, value, &odd);
  ExpectSameFloats(ReadBack(EncodeChunks(odd)), odd);
  for (int round = 0; round < 50; ++round) {
    SampleColumns samples;
    time_ms = static_cast<int64_t>(random() % (int64_t{1} << 42)) - (int64_t{1} << 41);
    const int64_t jitter = int64_t{1} << random() % 24;
    for (int i = 0; i < 400; ++i) {
      time_ms += 1 + static_cast<int64_t>(random()) % jitter + jitter;
      const double value = round % 2 == 0 ? static_cast<double>(random() % 1000) / 8
                                          : std::bit_cast<double>(random());
      AddFloat(time_ms, value, &samples);
    }
    ExpectSameFloats(ReadBack(EncodeChunks(samples)), samples);
  }
}

TEST(ChunksTest, LongSeriesAreCut) {
  SampleColumns samples;
  for (int i = 0; i < 250; ++i) AddFloat(i * 1000, i, &samples);
  const std::vector<Chunk> chunks = EncodeChunks(samples);
  ASSERT_EQ(chunks.size(), 3u);
  EXPECT_EQ(chunks[1].min_time_ms, 120'000);
  EXPECT_EQ(chunks[1].max_time_ms, 239'000);
  EXPECT_TRUE(EncodeChunks({}).empty());
}

TEST(ChunksTest, HistogramsComeBack) {
  SampleColumns samples;
  for (int i = 0; i < 300; ++i) AddHistogram(i * 15'000, Exponential(i / 7.0), &samples);
  AddHistogram(5'000'000, Exponential(3, CounterResetHint::kGauge), &samples);
  AddHistogram(5'000'100, Exponential(2, CounterResetHint::kGauge), &samples);
  Histogram custom;
  custom.schema = storage::kCustomBucketsSchema;
  custom.custom_bounds = {-1, -0.0, 0.005, 0.1, 2.5, 1e9, 1.0 / 3};
  custom.positive_spans = {{0, 2}, {4, 1}};
  custom.positive_counts = {1, 2, 3};
  custom.count = 6;
  AddHistogram(6'000'000, custom, &samples);
  for (const double threshold : {0.0, 0.5, 1e-300, 1024.0, 3.0}) {
    Histogram histogram = Exponential(1);
    histogram.zero_threshold = threshold;
    AddHistogram(samples.histogram_times_ms.back() + 1, histogram, &samples);
  }
  Histogram stale;
  stale.sum = storage::StaleNan();
  AddHistogram(7'000'000, stale, &samples);
  const SampleColumns back = ReadBack(EncodeChunks(samples));
  EXPECT_EQ(back.histogram_times_ms, samples.histogram_times_ms);
  ASSERT_EQ(back.histograms.size(), samples.histograms.size());
  for (size_t i = 0; i < back.histograms.size(); ++i) {
    Histogram expected = *samples.histograms[i];
    // That none was reset is what a reader finds by itself.
    if (back.histograms[i]->reset_hint == CounterResetHint::kNotReset) {
      expected.reset_hint = CounterResetHint::kNotReset;
    }
    EXPECT_TRUE(*back.histograms[i] == expected) << i;
  }
}

TEST(ChunksTest, HistogramsThatFallBeginAChunk) {
  const auto chunks_of = [](const Histogram& first, const Histogram& second) {
    SampleColumns samples;
    AddHistogram(1, first, &samples);
    AddHistogram(2, second, &samples);
    return EncodeChunks(samples).size();
  };
  EXPECT_EQ(chunks_of(Exponential(2), Exponential(2)), 1u);
  EXPECT_EQ(chunks_of(Exponential(2), Exponential(1)), 2u);
  EXPECT_EQ(chunks_of(Exponential(1), Exponential(2, CounterResetHint::kReset)), 2u);
  EXPECT_EQ(chunks_of(Exponential(2), Exponential(1, CounterResetHint::kNotReset)), 1u);
  EXPECT_EQ(chunks_of(Exponential(2), Exponential(2, CounterResetHint::kGauge)), 2u);
  Histogram other = Exponential(2);
  other.schema = 2;
  EXPECT_EQ(chunks_of(Exponential(2), other), 2u);
}

TEST(ChunksTest, FloatsAndHistogramsTakeTurns) {
  SampleColumns samples;
  AddFloat(1, 1, &samples);
  AddHistogram(2, Exponential(1), &samples);
  AddHistogram(3, Exponential(1), &samples);
  AddFloat(4, 1, &samples);
  const std::vector<Chunk> chunks = EncodeChunks(samples);
  ASSERT_EQ(chunks.size(), 3u);
  EXPECT_EQ(chunks[1].kind, ChunkKind::kFloatHistogram);
  EXPECT_EQ(chunks[1].min_time_ms, 2);
  EXPECT_EQ(chunks[1].max_time_ms, 3);
}

}  // namespace
}  // namespace vigil::server
