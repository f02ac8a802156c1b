// SPDX-License-Identifier: Apache-2.0
//
// Limits of tenants as the store's users meet them: over all shards, after restarts, while the
// store runs.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/storage.h"
#include "tests/storage/records/record_samples.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using testing::kStartMs;
using testing::kStartNs;
using testing::PlainLog;
using testing::StorageHarness;
using vigil::testing::StatusIs;

constexpr uint32_t kShards = 3;

StorageOptions Limited(TenantLimits limits) {
  StorageOptions options;
  options.limits.defaults = limits;
  return options;
}

// Series of different jobs are in different shards.
absl::StatusOr<SeriesRef> GetSeries(StorageHarness& harness, int job,
                                    TenantId tenant = kDefaultTenant) {
  return harness.storage().GetOrCreateSeries(
      tenant, {{kMetricName, "m"}, {"job", fmt::format("j{}", job)}}, {});
}

// One record in each of the streams [first, last].
WriteResult WriteStreams(StorageHarness& harness, int first, int last) {
  LogBatch batch;
  for (int i = first; i <= last; ++i) {
    batch.streams.push_back({{{"service_name", fmt::format("s{}", i)}}, {PlainLog(kStartNs, "x")}});
  }
  return harness.storage().WriteLogs(kDefaultTenant, std::move(batch), {}).value();
}

TEST(StorageLimitsTest, SeriesAreCountedOverShardsAndRestarts) {
  TenantLimits limits;
  limits.max_series = 20;
  StorageHarness harness(kShards, Limited(limits));
  MetricBatch batch;
  for (int i = 0; i < 20; ++i) batch.Add(GetSeries(harness, i).value(), kStartMs, i);
  ASSERT_OK(harness.storage().WriteMetrics(kDefaultTenant, batch, {}));
  for (int round = 0; round < 3; ++round) {
    EXPECT_THAT(GetSeries(harness, 20),
                StatusIs(absl::StatusCode::kResourceExhausted,
                         HasSubstr("has 20 series; the limit (limits.max_series) is 20")));
    EXPECT_OK(GetSeries(harness, 7));
    EXPECT_THAT(harness.storage().Status(), Contains(Field(&StatusFigure::value, "20 of 20")));
    if (round == 1) {
      ASSERT_OK(harness.storage().Flush());
    }
    ASSERT_OK(harness.Kill());
  }
}

TEST(StorageLimitsTest, SeriesThatRetentionDroppedMakeRoom) {
  TenantLimits limits;
  limits.max_series = 5;
  StorageHarness harness(kShards, Limited(limits));
  MetricBatch batch;
  for (int i = 0; i < 5; ++i) batch.Add(GetSeries(harness, i).value(), kStartMs, i);
  ASSERT_OK(harness.storage().WriteMetrics(kDefaultTenant, batch, {}));
  harness.clock().AdvanceMs(40 * kMillisPerDay);
  ASSERT_OK(harness.storage().Maintain());
  for (int i = 5; i < 10; ++i) EXPECT_OK(GetSeries(harness, i));
  EXPECT_FALSE(GetSeries(harness, 10).ok());
}

TEST(StorageLimitsTest, StreamsAreCountedOverShardsAndRestarts) {
  TenantLimits limits;
  limits.max_log_streams = 10;
  StorageHarness harness(kShards, Limited(limits));
  EXPECT_EQ(WriteStreams(harness, 1, 10).rejected, 0);
  ASSERT_OK(harness.Kill());
  const WriteResult result = WriteStreams(harness, 6, 15);
  EXPECT_EQ(result.rejected, 5);
  EXPECT_THAT(result.rejection_reason,
              HasSubstr("has 10 log streams; the limit (limits.max_log_streams) is 10"));
  EXPECT_EQ(harness.Read().logs.size(), 15u);
}

TEST(StorageLimitsTest, OneBatchMayNotBringMoreStreamsThanTheLimit) {
  TenantLimits limits;
  limits.max_log_streams = 10;
  StorageHarness harness(kShards, Limited(limits));
  EXPECT_EQ(WriteStreams(harness, 1, 25).rejected, 15);
  // Many batches of records of one stream are one stream.
  LogBatch batch;
  for (int i = 0; i < 50; ++i) {
    batch.streams.push_back({{{"service_name", "other"}}, {PlainLog(kStartNs, "x")}});
  }
  limits.max_log_streams = 11;
  harness.storage().SetLimits({limits, {}});
  EXPECT_EQ(harness.storage().WriteLogs(kDefaultTenant, batch, {}).value().rejected, 0);
}

TEST(StorageLimitsTest, RecordsThatAreTooLargeCostOnlyThemselves) {
  TenantLimits limits;
  limits.max_log_body_bytes = 10;
  StorageHarness harness(kShards, Limited(limits));
  LogBatch batch;
  batch.streams.push_back(
      {{{"service_name", "s"}}, {PlainLog(kStartNs, "short"), PlainLog(kStartNs, "far too long")}});
  EXPECT_EQ(harness.storage().WriteLogs(kDefaultTenant, std::move(batch), {}).value().rejected, 1);
  EXPECT_EQ(harness.Read().logs.size(), 1u);
}

TEST(StorageLimitsTest, SamplesThatComeTooFastCostOnlyThemselves) {
  TenantLimits limits;
  limits.max_samples_per_second = 1;
  StorageHarness harness(kShards, Limited(limits));
  MetricBatch batch;
  for (int i = 0; i < 20; ++i) batch.Add(GetSeries(harness, i).value(), kStartMs, i);
  const WriteResult result = harness.storage().WriteMetrics(kDefaultTenant, batch, {}).value();
  EXPECT_EQ(result.rejected, 5);
  EXPECT_EQ(harness.Read().samples.size(), 15u);
}

TEST(StorageLimitsTest, AMetricsRateIsFoundBySeries) {
  TenantLimits limits;
  limits.max_samples_per_second_per_metric = 1;
  StorageHarness harness(kShards, Limited(limits));
  MetricBatch batch;
  for (int i = 0; i < 20; ++i) batch.Add(GetSeries(harness, i).value(), kStartMs, i);
  batch.Add(harness.storage().GetOrCreateSeries(kDefaultTenant, {{kMetricName, "n"}}, {}).value(),
            kStartMs, 1);
  EXPECT_EQ(harness.storage().WriteMetrics(kDefaultTenant, batch, {}).value().rejected, 5);
  EXPECT_EQ(harness.Read().samples.size(), 16u);
}

TEST(StorageLimitsTest, NewLimitsHoldWhileTheStoreRuns) {
  StorageHarness harness(kShards);
  for (int i = 0; i < 5; ++i) ASSERT_OK(GetSeries(harness, i));
  const TenantId team = harness.storage().Tenant("team").value();
  LimitSettings settings;
  settings.defaults.max_series = 3;
  settings.tenants["team"].max_series = 4;
  harness.storage().SetLimits(settings);
  EXPECT_FALSE(GetSeries(harness, 5).ok());
  EXPECT_OK(GetSeries(harness, 4)) << "what is there stays";
  for (int i = 0; i < 4; ++i) EXPECT_OK(GetSeries(harness, i, team));
  EXPECT_FALSE(GetSeries(harness, 5, team).ok());
}

}  // namespace
}  // namespace vigil::storage
