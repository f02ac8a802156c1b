// SPDX-License-Identifier: Apache-2.0
#include "storage/block/metric_block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#include "storage/codec/checksum.h"
#include "storage/codec/histogram_column.h"
#include "tests/storage/codec/shapes.h"
#include "tests/testing/fuzz.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::vigil::testing::StatusIs;

constexpr int64_t kStartMs = 1'700'000'000'000;

absl::StatusOr<TimesPtr> NoSharedTimes(uint64_t number, TimeRange) {
  return absl::NotFoundError("no such column");
}

// Instants every 15 s with a jitter of a few milliseconds.
std::vector<int64_t> Times(size_t count) {
  std::vector<int64_t> times;
  for (size_t i = 0; i < count; ++i) {
    times.push_back(kStartMs + static_cast<int64_t>(i * 15'000 + i * 7919 % 9));
  }
  return times;
}

// A block with its checksum made right again.
std::string Reseal(std::string block) {
  block.resize(block.size() < kChecksumBytes ? 0 : block.size() - kChecksumBytes);
  AppendChecksum(&block);
  return block;
}

TEST(MetricBlock, FloatsRoundTripBitForBit) {
  for (const Shape<double>& shape : FloatShapes()) {
    const std::vector<int64_t> times = Times(shape.values.size());
    const std::string block = EncodeFloatBlock(times, shape.values);
    SampleColumns columns;
    ASSERT_OK(DecodeMetricBlock(block, NoSharedTimes, &columns)) << shape.name;
    EXPECT_EQ(columns.times_ms, times) << shape.name;
    EXPECT_EQ(Bits(columns.values), Bits(shape.values)) << shape.name;
    EXPECT_THAT(columns.histograms, IsEmpty());
  }
}

TEST(MetricBlock, HistogramsRoundTrip) {
  for (const auto& shape : HistogramShapes()) {
    const std::vector<int64_t> times = Times(shape.values.size());
    const std::string block = EncodeHistogramBlock(times, shape.values);
    SampleColumns columns;
    ASSERT_OK(DecodeMetricBlock(block, NoSharedTimes, &columns)) << shape.name;
    EXPECT_EQ(columns.histogram_times_ms, times);
    ASSERT_EQ(columns.histograms.size(), shape.values.size());
    for (size_t i = 0; i < times.size(); ++i) {
      EXPECT_TRUE(*columns.histograms[i] == *shape.values[i]) << shape.name << ", row " << i;
    }
    EXPECT_THAT(columns.times_ms, IsEmpty());
  }
}

TEST(MetricBlock, AppendsBehindWhatIsThere) {
  const std::string first = EncodeFloatBlock({{1, 2}}, {{10, 20}});
  const std::string second = EncodeFloatBlock({{3}}, {{30}});
  SampleColumns columns;
  ASSERT_OK(DecodeMetricBlock(first, NoSharedTimes, &columns));
  ASSERT_OK(DecodeMetricBlock(second, NoSharedTimes, &columns));
  EXPECT_EQ(columns.times_ms, (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(columns.values, (std::vector<double>{10, 20, 30}));
}

TEST(MetricBlock, OnlyWhatIsAskedForIsAppended) {
  for (const size_t count : {1, 40, 6000}) {
    const std::vector<int64_t> times = Times(count);
    std::vector<double> values;
    for (size_t i = 0; i < count; ++i)
      values.push_back(static_cast<double>(i * 1000 + i * i % 709));
    const auto shared = std::make_shared<const std::vector<int64_t>>(times);
    const auto lookup = [&](uint64_t, TimeRange) -> absl::StatusOr<TimesPtr> { return shared; };
    for (const std::optional<uint64_t> number : {std::optional<uint64_t>(), std::optional(7ul)}) {
      const std::string block = EncodeFloatBlock(times, values, number, CodecEffort::kThorough);
      for (size_t first = 0; first < count; first += 1 + count / 7) {
        const size_t last = first + (count - 1 - first) / 2;
        SampleColumns columns;
        ASSERT_OK(DecodeMetricBlock(block, lookup, {times[first], times[last]}, &columns));
        ASSERT_EQ(columns.times_ms.size(), last - first + 1);
        EXPECT_EQ(columns.times_ms.front(), times[first]);
        EXPECT_EQ(columns.times_ms.back(), times[last]);
        EXPECT_EQ(columns.values.front(), values[first]);
        EXPECT_EQ(columns.values.back(), values[last]);
      }
      SampleColumns none;
      ASSERT_OK(DecodeMetricBlock(block, lookup, {0, times.front() - 1}, &none));
      ASSERT_OK(DecodeMetricBlock(block, lookup, {times.back() + 1, times.back() + 9}, &none));
      EXPECT_TRUE(none.Empty());
    }
  }
}

// What a range needs of `times`, and whether that was all of them.
void ExpectPart(const std::vector<int64_t>& times, CodecEffort effort, TimeRange range,
                bool whole) {
  ASSERT_OK_AND_ASSIGN(const TimesPart part,
                       DecodeTimesPart(EncodeTimesColumn(times, effort), range));
  EXPECT_EQ(part.count, times.size());
  EXPECT_EQ(part.min_ms, times.front());
  EXPECT_EQ(part.max_ms, times.back());
  EXPECT_EQ(part.size() == times.size(), whole);
  ASSERT_LE(part.first + part.size(), times.size());
  const auto begin = times.begin() + static_cast<ptrdiff_t>(part.first);
  EXPECT_EQ(*part.times_ms,
            std::vector<int64_t>(begin, begin + static_cast<ptrdiff_t>(part.size())));
  EXPECT_TRUE(part.Covers(range));
  for (const int64_t time : times) {
    if (time < range.start_ms || time > range.end_ms) continue;
    EXPECT_TRUE(std::binary_search(part.times_ms->begin(), part.times_ms->end(), time)) << time;
  }
}

TEST(TimesPart, OfALongColumnIsWhatTheRangeNeeds) {
  std::vector<int64_t> jittered;
  std::vector<int64_t> steps;
  for (int64_t i = 0; i < 6000; ++i) {
    jittered.push_back(1'000'000 + i * 15'000 + i * i % 701);
    steps.push_back(1'000'000 + i * 15'000);
  }
  for (const CodecEffort effort :
       {CodecEffort::kQuick, CodecEffort::kGuess, CodecEffort::kThorough}) {
    for (const std::vector<int64_t>& times : {jittered, steps}) {
      for (const size_t at : {0, 1, 77, 3000, 5990, 5999}) {
        ExpectPart(times, effort, {times[at], times[at] + 300'000}, false);
        ExpectPart(times, effort, {times[at] - 300'000, times[at]}, false);
      }
      ExpectPart(times, effort, {0, 1}, false);
      ExpectPart(times, effort, {times.back() + 1, times.back() + 300'000}, false);
      ExpectPart(times, effort, {times[10], times[4000]}, true);
    }
  }
}

TEST(TimesPart, OfUnevenOrShortColumnsIsAllWhereAPartWouldNotDo) {
  std::vector<int64_t> uneven;
  for (int64_t i = 0; i < 6000; ++i) uneven.push_back(i < 3000 ? i : 1'000'000'000 + i);
  ExpectPart(uneven, CodecEffort::kThorough, {2000, 2010}, true);
  ExpectPart(uneven, CodecEffort::kThorough, {uneven[5000], uneven[5001]}, true);
  ExpectPart(uneven, CodecEffort::kThorough, {0, 10}, false);
  ExpectPart({5}, CodecEffort::kThorough, {0, 10}, true);
  ExpectPart(Times(100), CodecEffort::kThorough, {0, 10}, true);
  const std::vector<int64_t> extreme = {std::numeric_limits<int64_t>::min(), 0,
                                        std::numeric_limits<int64_t>::max()};
  ExpectPart(extreme, CodecEffort::kThorough, {0, 10}, true);
}

TEST(TimesPart, IsReadWhereItsBlockIsReadInPart) {
  const std::vector<int64_t> times = Times(6000);
  std::vector<double> values;
  for (size_t i = 0; i < times.size(); ++i) values.push_back(static_cast<double>(i * i % 709));
  const std::string column = EncodeTimesColumn(times, CodecEffort::kThorough);
  const auto lookup = [&column](uint64_t, TimeRange range) {
    return DecodeTimesPart(column, range);
  };
  const std::string block = EncodeFloatBlock(times, values, 7, CodecEffort::kThorough);
  for (size_t first = 0; first + 20 < times.size(); first += 97) {
    SampleColumns columns;
    ASSERT_OK(DecodeMetricBlock(block, lookup, {times[first], times[first + 19]}, &columns));
    EXPECT_EQ(columns.times_ms,
              std::vector<int64_t>(times.begin() + first, times.begin() + first + 20));
    EXPECT_EQ(columns.values,
              std::vector<double>(values.begin() + first, values.begin() + first + 20));
  }
}

TEST(TimesPart, DamageIsTold) {
  std::string column = EncodeTimesColumn(Times(6000), CodecEffort::kThorough);
  column[column.size() / 2] ^= 1;
  EXPECT_THAT(DecodeTimesPart(column, {0, 1}).status(), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(MetricBlock, OnlyHistogramsThatAreAskedForAreAppended) {
  HistogramRows rows;
  for (int i = 0; i < 5; ++i) {
    Histogram histogram;
    histogram.sum = i;
    rows.push_back(std::make_shared<const Histogram>(histogram));
  }
  const std::string block = EncodeHistogramBlock({{10, 20, 30, 40, 50}}, rows);
  SampleColumns columns;
  ASSERT_OK(DecodeMetricBlock(block, NoSharedTimes, {15, 40}, &columns));
  EXPECT_EQ(columns.histogram_times_ms, (std::vector<int64_t>{20, 30, 40}));
  ASSERT_EQ(columns.histograms.size(), 3u);
  EXPECT_EQ(columns.histograms.front()->sum, 1);
  EXPECT_EQ(columns.histograms.back()->sum, 3);
}

TEST(MetricBlock, ExtremeTimes) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const std::vector<int64_t> times = {kMin, -1, 0, 5, kMax};
  const std::string block = EncodeFloatBlock(times, std::vector<double>(5, 1.0));
  SampleColumns columns;
  ASSERT_OK(DecodeMetricBlock(block, NoSharedTimes, &columns));
  EXPECT_EQ(columns.times_ms, times);
}

TEST(MetricBlock, PeekTellsTheHeader) {
  const std::vector<int64_t> times = Times(100);
  ASSERT_OK_AND_ASSIGN(const MetricBlockHeader own,
                       PeekMetricBlock(EncodeFloatBlock(times, std::vector<double>(100, 1.0))));
  EXPECT_EQ(own.kind, MetricBlockKind::kFloat);
  EXPECT_EQ(own.count, 100u);
  EXPECT_EQ(own.min_ms, times.front());
  EXPECT_EQ(own.max_ms, times.back());
  EXPECT_EQ(own.shared_times, std::nullopt);
  const HistogramRows rows(100, std::make_shared<const Histogram>());
  ASSERT_OK_AND_ASSIGN(const MetricBlockHeader shared,
                       PeekMetricBlock(EncodeHistogramBlock(times, rows, 1ull << 63)));
  EXPECT_EQ(shared.kind, MetricBlockKind::kHistogram);
  EXPECT_EQ(shared.shared_times, 1ull << 63);
  EXPECT_EQ(shared.max_ms, times.back());
}

TEST(MetricBlock, SharedTimesAreLookedUp) {
  const std::vector<int64_t> times = Times(120);
  ASSERT_OK_AND_ASSIGN(std::vector<int64_t> decoded, DecodeTimesColumn(EncodeTimesColumn(times)));
  EXPECT_EQ(decoded, times);
  const auto shared = std::make_shared<const std::vector<int64_t>>(std::move(decoded));
  const std::string block = EncodeFloatBlock(times, std::vector<double>(120, 2.0), 17);
  SampleColumns columns;
  ASSERT_OK(DecodeMetricBlock(
      block,
      [&](uint64_t number, TimeRange) -> absl::StatusOr<TimesPtr> {
        EXPECT_EQ(number, 17u);
        return shared;
      },
      &columns));
  EXPECT_EQ(columns.times_ms, times);
}

TEST(MetricBlock, SharedTimesThatDoNotFitAreDataLoss) {
  const std::string block = EncodeFloatBlock({{10, 20, 30}}, {{1, 2, 3}}, 4);
  const std::vector<std::vector<int64_t>> others = {
      {10, 20}, {10, 20, 31}, {9, 20, 30}, {10, 20, 25, 30}, {}};
  for (const std::vector<int64_t>& other : others) {
    SampleColumns columns;
    const auto lookup = [&](uint64_t, TimeRange) -> absl::StatusOr<TimesPtr> {
      return std::make_shared<const std::vector<int64_t>>(other);
    };
    EXPECT_THAT(DecodeMetricBlock(block, lookup, &columns),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("shared times 4: times")));
    EXPECT_TRUE(columns.Empty());
  }
}

TEST(MetricBlock, AFailedLookupKeepsItsCode) {
  const std::string block = EncodeFloatBlock({{10}}, {{1}}, 4);
  SampleColumns columns;
  EXPECT_THAT(DecodeMetricBlock(block, NoSharedTimes, &columns),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("shared times 4")));
}

TEST(MetricBlock, CostsWhatItShould) {
  std::vector<double> counter, gauge;
  std::vector<int64_t> even;
  for (int i = 0; i < 120; ++i) {
    counter.push_back(1e6 + i * 100);
    gauge.push_back(i * 7919 % 1000 / 100.0);
    even.push_back(kStartMs + i * 15'000);
  }
  // A counter of constant step: header, times and values are all constants.
  EXPECT_LE(EncodeFloatBlock(even, counter).size(), 35u);
  EXPECT_LE(EncodeFloatBlock(Times(120), counter, 3).size(), 30u);
  // A gauge with two digits below 10 takes ten bits a sample and the header.
  EXPECT_LE(EncodeFloatBlock(Times(120), gauge, 3).size(), 120u * 10 / 8 + 30);
  // Times with jitter, on their own: below six bits.
  EXPECT_LE(EncodeTimesColumn(Times(120)).size(), 120u * 6 / 8 + 24);
}

TEST(MetricBlock, FittingHistogramsBoundsTheCells) {
  Histogram large;
  large.positive_spans = {{0, 1 << 20}};
  large.positive_counts.resize(1 << 20);
  const HistogramRows rows(20, std::make_shared<const Histogram>(large));
  const size_t fitting = FittingHistograms(rows);
  EXPECT_EQ(fitting, kMaxHistogramCells / HistogramCells(large));
  EXPECT_EQ(FittingHistograms({}), 0u);
  SampleColumns columns;
  const std::string block = EncodeHistogramBlock(Times(fitting), {rows.data(), fitting});
  EXPECT_OK(DecodeMetricBlock(block, NoSharedTimes, &columns));
}

TEST(MetricBlock, DamageIsTold) {
  const std::string block = EncodeFloatBlock({{10, 20}}, {{1, 2}});
  SampleColumns columns;
  std::string flipped = block;
  flipped[5] = static_cast<char>(flipped[5] ^ 1);
  EXPECT_THAT(DecodeMetricBlock(flipped, NoSharedTimes, &columns),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("checksum")));
  std::string version = block;
  version[0] = 2;
  EXPECT_THAT(DecodeMetricBlock(Reseal(version), NoSharedTimes, &columns),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("format version: 2, not 1")));
  std::string kind = block;
  kind[1] = 3;
  EXPECT_THAT(DecodeMetricBlock(Reseal(kind), NoSharedTimes, &columns),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("kind: 3")));
  std::string count = block;
  count[2] = 0;
  EXPECT_THAT(PeekMetricBlock(count), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("count")));
  EXPECT_THAT(DecodeMetricBlock(Reseal(block + "x"), NoSharedTimes, &columns),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeMetricBlock("", NoSharedTimes, &columns),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(PeekMetricBlock(""), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("version")));
  EXPECT_TRUE(columns.Empty());
}

TEST(MetricBlock, HostileBytesLeaveTheColumnsAsTheyWere) {
  const auto lookup = [](uint64_t, TimeRange) -> absl::StatusOr<TimesPtr> {
    return std::make_shared<const std::vector<int64_t>>(Times(65));
  };
  std::vector<std::string> blocks;
  for (const Shape<double>& shape : FloatShapes()) {
    if (shape.values.size() != 65) continue;
    blocks.push_back(EncodeFloatBlock(Times(65), shape.values));
    blocks.push_back(EncodeFloatBlock(Times(65), shape.values, 1));
  }
  std::mt19937_64 random(kShapeSeed);
  for (const std::string& block : blocks) {
    for (int i = 0; i < 200; ++i) {
      std::string hostile = vigil::testing::Mutate(block, &random);
      if (i % 2 == 0) hostile = Reseal(hostile);
      SampleColumns columns{.times_ms = {1}, .values = {5}};
      const absl::Status status = DecodeMetricBlock(hostile, lookup, &columns);
      ASSERT_EQ(columns.times_ms.size(), columns.values.size());
      if (status.ok()) continue;
      EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
      EXPECT_EQ(columns.times_ms, std::vector<int64_t>{1}) << "seed " << kShapeSeed;
    }
  }
}

}  // namespace
}  // namespace vigil::storage
