// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/metric_payload.h"

#include <bit>
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

constexpr uint32_t kShard = 200;

MetricPayload Sample() {
  MetricPayload payload;
  const MetricMetadata counter = {MetricType::kCounter, "s", "Time spent."};
  payload.definitions = {
      {1, {{kMetricName, "a"}}, counter},
      {2, {{kMetricName, "a"}, {"x", "y"}}, counter},
      {0xFFFFFFFF, {{kMetricName, "b"}}, {}},
      {4, {{kMetricName, "c"}}, {MetricType::kGauge, "", ""}},
      {5, {{kMetricName, "a"}, {"z", ""}}, counter},
  };
  MetricBatch& batch = payload.batch;
  batch.Add(MakeSeriesRef(kShard, 1), INT64_MIN, 0.1);
  batch.Add(MakeSeriesRef(kShard, 0xFFFFFFFF), INT64_MAX, StaleNan());
  batch.Add(MakeSeriesRef(kShard, 2), -1, -0.0);
  auto histogram = std::make_shared<Histogram>();
  histogram->schema = kCustomBucketsSchema;
  histogram->reset_hint = CounterResetHint::kGauge;
  histogram->sum = StaleNan();
  histogram->positive_spans = {{-7, 2}, {3, 1}};
  histogram->positive_counts = {1, 2, 3.5};
  histogram->custom_bounds = {0.5, 1, 5};
  batch.histograms.push_back({MakeSeriesRef(kShard, 4), 17, histogram});
  batch.histograms.push_back({MakeSeriesRef(kShard, 1), 16, std::make_shared<Histogram>()});
  batch.exemplars.push_back({MakeSeriesRef(kShard, 2), {INT64_MAX, -0.0, {{"trace_id", "ab"}}}});
  batch.exemplars.push_back({MakeSeriesRef(kShard, 0xFFFFFFFF), {INT64_MIN, StaleNan(), {}}});
  return payload;
}

std::string Encode(const MetricPayload& payload) {
  std::string bytes;
  EncodeMetricPayload(payload.definitions, payload.batch, &bytes);
  return bytes;
}

void ExpectSame(const MetricPayload& a, const MetricPayload& b) {
  EXPECT_EQ(a.definitions, b.definitions);
  EXPECT_EQ(a.batch.runs, b.batch.runs);
  ASSERT_EQ(a.batch.values.size(), b.batch.values.size());
  for (size_t i = 0; i < a.batch.values.size(); ++i) {
    EXPECT_EQ(std::bit_cast<uint64_t>(a.batch.values[i]),
              std::bit_cast<uint64_t>(b.batch.values[i]));
  }
  ASSERT_EQ(a.batch.histograms.size(), b.batch.histograms.size());
  for (size_t i = 0; i < a.batch.histograms.size(); ++i) {
    EXPECT_EQ(a.batch.histograms[i].series, b.batch.histograms[i].series);
    EXPECT_EQ(a.batch.histograms[i].time_ms, b.batch.histograms[i].time_ms);
    EXPECT_EQ(*a.batch.histograms[i].histogram, *b.batch.histograms[i].histogram);
  }
  ASSERT_EQ(a.batch.exemplars.size(), b.batch.exemplars.size());
  for (size_t i = 0; i < a.batch.exemplars.size(); ++i) {
    EXPECT_EQ(a.batch.exemplars[i].series, b.batch.exemplars[i].series);
    EXPECT_EQ(a.batch.exemplars[i].exemplar, b.batch.exemplars[i].exemplar);
  }
}

TEST(MetricPayloadTest, RoundTrip) {
  ASSERT_OK_AND_ASSIGN(const MetricPayload decoded, DecodeMetricPayload(kShard, Encode(Sample())));
  ExpectSame(decoded, Sample());
}

TEST(MetricPayloadTest, WithoutExemplarsItIsAsBefore) {
  MetricPayload payload = Sample();
  EXPECT_EQ(Encode(payload)[0], 3);
  payload.batch.exemplars.clear();
  EXPECT_EQ(Encode(payload)[0], 2);
  ASSERT_OK_AND_ASSIGN(const MetricPayload decoded, DecodeMetricPayload(kShard, Encode(payload)));
  ExpectSame(decoded, payload);
}

TEST(MetricPayloadTest, RoundTripOfNothing) {
  ASSERT_OK_AND_ASSIGN(const MetricPayload decoded, DecodeMetricPayload(kShard, Encode({})));
  ExpectSame(decoded, {});
}

TEST(MetricPayloadTest, AppendsToWhatIsThere) {
  std::string bytes = "header";
  EncodeMetricPayload({}, Sample().batch, &bytes);
  ASSERT_TRUE(bytes.starts_with("header"));
  EXPECT_OK(DecodeMetricPayload(kShard, std::string_view(bytes).substr(6)));
}

TEST(MetricPayloadTest, AScrapeTakesEightBytesASample) {
  MetricBatch batch;
  for (uint32_t number = 1; number <= 1000; ++number) {
    batch.Add(MakeSeriesRef(kShard, number), 1'700'000'000'000, number);
  }
  std::string bytes;
  EncodeMetricPayload({}, batch, &bytes);
  EXPECT_LE(bytes.size(), 8 * 1000 + 32u);
}

TEST(MetricPayloadTest, MetadataOfAMetricIsWrittenOnce) {
  MetricPayload payload;
  const MetricMetadata metadata = {MetricType::kGauge, "", std::string(1000, 'x')};
  for (uint32_t number = 1; number <= 100; ++number) {
    payload.definitions.push_back({number, {{kMetricName, "a"}}, metadata});
  }
  EXPECT_LE(Encode(payload).size(), 1000 + 100 * 32u);
}

TEST(MetricPayloadTest, EveryTruncationIsRefused) {
  const std::string bytes = Encode(Sample());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(DecodeMetricPayload(kShard, bytes.substr(0, size)),
                StatusIs(absl::StatusCode::kDataLoss))
        << size;
  }
  EXPECT_THAT(DecodeMetricPayload(kShard, bytes + '\0'),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("too many")));
}

TEST(MetricPayloadTest, HostileBytesAreRefusedOrRead) {
  constexpr uint32_t kSeed = 5;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  std::mt19937 random(kSeed);
  const std::string bytes = Encode(Sample());
  for (int round = 0; round < 20000; ++round) {
    std::string hostile = bytes;
    for (size_t count = 1 + random() % 3; count > 0; --count) {
      hostile[random() % hostile.size()] = static_cast<char>(random());
    }
    const absl::StatusOr<MetricPayload> decoded = DecodeMetricPayload(kShard, hostile);
    if (decoded.ok()) {
      ASSERT_OK(DecodeMetricPayload(kShard, Encode(*decoded)));
    } else {
      ASSERT_EQ(decoded.status().code(), absl::StatusCode::kDataLoss);
    }
  }
}

TEST(MetricPayloadTest, SeriesOfOtherShardsAreRefused) {
  EXPECT_THAT(DecodeMetricPayload(kShard + 1, Encode(Sample())),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("series number")));
}

TEST(MetricPayloadTest, MetadataRoundTrip) {
  const MetricMetadata metadata = {MetricType::kStateSet, "unit", "help"};
  std::string row;
  EncodeMetadata(metadata, &row);
  ASSERT_OK_AND_ASSIGN(const MetricMetadata decoded, DecodeMetadata(row));
  EXPECT_EQ(decoded, metadata);
  EXPECT_THAT(DecodeMetadata(row + "x"), StatusIs(absl::StatusCode::kDataLoss));
  row[0] = 99;
  EXPECT_THAT(DecodeMetadata(row), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace vigil::storage
