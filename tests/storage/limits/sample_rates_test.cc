// SPDX-License-Identifier: Apache-2.0
#include "storage/limits/sample_rates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

using ::testing::HasSubstr;

constexpr TenantId kTenant{1};
constexpr int64_t kSecond = 1'000'000'000;

// Series 1, 2, ... are of metric "m1" if odd, of "m2" if even.
std::string MetricOf(SeriesRef ref) { return static_cast<uint64_t>(ref) % 2 == 1 ? "m1" : "m2"; }

MetricBatch BatchOf(size_t samples) {
  MetricBatch batch;
  for (size_t i = 0; i < samples; ++i) batch.Add(SeriesRef{i + 1}, 1000, 1);
  return batch;
}

class SampleRatesTest : public ::testing::Test {
 protected:
  // How many samples of a batch are taken.
  size_t Take(const MetricBatch& batch, int64_t now_ns) {
    result_ = {};
    const bool limited =
        rates_.Filter(kTenant, limits_, now_ns, batch, MetricOf, &admitted_, &result_);
    if (!limited) return batch.size();
    EXPECT_EQ(admitted_.size() + static_cast<size_t>(result_.rejected), batch.size());
    return admitted_.size();
  }

  SampleRates rates_;
  TenantLimits limits_;
  MetricBatch admitted_;
  WriteResult result_;
};

TEST_F(SampleRatesTest, NoLimitTakesAll) { EXPECT_EQ(Take(BatchOf(1'000'000), 0), 1'000'000u); }

TEST_F(SampleRatesTest, WhatIsTooMuchCostsOnlyItself) {
  limits_.max_samples_per_second = 10;
  EXPECT_EQ(Take(BatchOf(100), 0), 100u);
  EXPECT_EQ(Take(BatchOf(100), 0), 50u);
  EXPECT_EQ(admitted_.runs.front().first, SeriesRef{1});
  EXPECT_EQ(admitted_.runs.back().series(admitted_.runs.back().count - 1), SeriesRef{50});
  EXPECT_THAT(result_.rejection_reason, HasSubstr("(limits.max_samples_per_second) of 10"));
  EXPECT_EQ(Take(BatchOf(100), 2 * kSecond), 20u);
}

TEST_F(SampleRatesTest, AMetricThatSendsTooMuchLeavesTheOthers) {
  limits_.max_samples_per_second_per_metric = 2;  // 30 at once.
  MetricBatch batch = BatchOf(40);                // 20 of each.
  EXPECT_EQ(Take(batch, 0), 40u);
  for (int i = 0; i < 10; ++i) batch.Add(SeriesRef{1}, 1000, 1);
  EXPECT_EQ(Take(batch, 0), 20u);
  EXPECT_THAT(result_.rejection_reason,
              HasSubstr("(limits.max_samples_per_second_per_metric) of 2"));
  EXPECT_EQ(Take(batch, 5 * kSecond), 20u);
}

TEST_F(SampleRatesTest, HistogramsCountAsSamples) {
  limits_.max_samples_per_second = 1;
  MetricBatch batch = BatchOf(10);
  for (int i = 0; i < 10; ++i) {
    batch.histograms.push_back({SeriesRef{3}, 1000, std::make_shared<const Histogram>()});
  }
  EXPECT_EQ(Take(batch, 0), 15u);
  EXPECT_EQ(admitted_.histograms.size(), 5u);
}

TEST_F(SampleRatesTest, TenantsHaveBucketsOfTheirOwn) {
  limits_.max_samples_per_second = 1;
  EXPECT_EQ(Take(BatchOf(20), 0), 15u);
  WriteResult result;
  EXPECT_FALSE(rates_.Filter(TenantId{2}, limits_, 0, BatchOf(15), MetricOf, &admitted_, &result));
}

TEST_F(SampleRatesTest, BucketsOfManyMetricsAreForgotten) {
  limits_.max_samples_per_second_per_metric = 10;
  for (uint64_t round = 0; round < 10; ++round) {
    MetricBatch batch;
    for (uint64_t i = 0; i < 1000; ++i) batch.Add(SeriesRef{round * 1000 + i + 1}, 1000, 1);
    const auto own = [](SeriesRef ref) { return std::to_string(static_cast<uint64_t>(ref)); };
    WriteResult result;
    EXPECT_FALSE(rates_.Filter(kTenant, limits_, static_cast<int64_t>(round) * kSecond, batch, own,
                               &admitted_, &result));
  }
}

}  // namespace
}  // namespace vigil::storage
