// SPDX-License-Identifier: Apache-2.0
#include "storage/metrics/metric_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TenantId kTenant{4};
constexpr TimeRange kEver = {INT64_MIN, INT64_MAX};
using Presence = SeriesIndex::Presence;

class MetricHeadTest : public ::testing::Test {
 protected:
  std::vector<Presence> Append(uint32_t number, int64_t time_ms, double value,
                               int64_t expired_before_ms = INT64_MIN) {
    MetricBatch batch;
    batch.Add(MakeSeriesRef(9, number), time_ms, value);
    std::vector<Presence> marks;
    head_.Append(kTenant, batch, expired_before_ms, &marks);
    return marks;
  }

  MetricHead head_{Partitioning(100)};
};

TEST_F(MetricHeadTest, MarksEachPartitionEntered) {
  EXPECT_THAT(Append(1, 10, 0), ElementsAre(Presence{1, 0}));
  EXPECT_THAT(Append(1, 99, 0), IsEmpty());
  EXPECT_THAT(Append(1, 100, 0), ElementsAre(Presence{1, 100}));
  EXPECT_THAT(Append(2, 100, 0), ElementsAre(Presence{2, 100}));
  EXPECT_THAT(Append(1, 5, 0), ElementsAre(Presence{1, 0}));
}

TEST_F(MetricHeadTest, DoesNotMarkWhatHasExpired) {
  EXPECT_THAT(Append(1, 10, 0, /*expired_before_ms=*/100), IsEmpty());
  EXPECT_THAT(Append(1, 100, 0, /*expired_before_ms=*/100), ElementsAre(Presence{1, 100}));
}

TEST_F(MetricHeadTest, ForgottenMarksAreMadeAnew) {
  Append(1, 10, 0);
  Append(1002, 110, 0);
  head_.ForgetMarksBefore(100);
  EXPECT_THAT(Append(1, 11, 0), ElementsAre(Presence{1, 0}));
  EXPECT_THAT(Append(1002, 111, 0), IsEmpty());
}

TEST_F(MetricHeadTest, HistogramsAreMarkedAndRead) {
  MetricBatch batch;
  auto histogram = std::make_shared<Histogram>();
  batch.histograms.push_back({MakeSeriesRef(9, 1), 10, histogram});
  std::vector<Presence> marks;
  head_.Append(kTenant, batch, INT64_MIN, &marks);
  EXPECT_THAT(marks, ElementsAre(Presence{1, 0}));
  SampleColumns columns;
  head_.Read(1, kEver, &columns);
  EXPECT_THAT(columns.histogram_times_ms, ElementsAre(10));
  EXPECT_EQ(columns.histograms.at(0), histogram);
}

TEST_F(MetricHeadTest, MembersAscendByTenantThenNumber) {
  EXPECT_THAT(head_.Members(), IsEmpty());
  for (const uint32_t number : {700u, 3u, 0xFFFFFFFFu}) Append(number, 10, 0);
  MetricBatch batch;
  batch.Add(MakeSeriesRef(9, 500), 10, 0);
  std::vector<Presence> marks;
  head_.Append(TenantId{1}, batch, INT64_MIN, &marks);
  std::vector<std::pair<uint32_t, uint32_t>> members;
  for (const MetricHead::Member& member : head_.Members()) {
    members.emplace_back(static_cast<uint32_t>(member.tenant), member.number);
  }
  EXPECT_THAT(members, ElementsAre(std::pair(1u, 500u), std::pair(4u, 3u), std::pair(4u, 700u),
                                   std::pair(4u, 0xFFFFFFFFu)));
  EXPECT_TRUE(head_.Contains(3));
  EXPECT_FALSE(head_.Contains(4));
  EXPECT_FALSE(head_.Contains(100000));
}

TEST_F(MetricHeadTest, ReadsARangeInOrder) {
  Append(1, 30, 3);
  Append(1, 10, 1);
  Append(1, 30, 4);
  SampleColumns columns;
  head_.Read(1, kEver, &columns);
  EXPECT_THAT(columns.times_ms, ElementsAre(10, 30));
  EXPECT_THAT(columns.values, ElementsAre(1, 4));
  columns.Clear();
  head_.Read(1, {11, 29}, &columns);
  head_.Read(1, {30, 10}, &columns);
  head_.Read(2, kEver, &columns);
  EXPECT_TRUE(columns.Empty());
}

TEST_F(MetricHeadTest, CountsSamplesAndMemory) {
  EXPECT_EQ(head_.size_bytes(), 0u);
  MetricBatch batch;
  for (int64_t i = 0; i < 1000; ++i) batch.Add(MakeSeriesRef(9, 1 + i % 50), i / 50, 0);
  std::vector<Presence> marks;
  head_.Append(kTenant, batch, INT64_MIN, &marks);
  EXPECT_EQ(head_.samples(), 1000u);
  EXPECT_GE(head_.size_bytes(), 1000 * sizeof(double));
  EXPECT_LE(head_.size_bytes(), 1000 * 2 * sizeof(double));
}

}  // namespace
}  // namespace vigil::storage
