// SPDX-License-Identifier: Apache-2.0
#include "collector/otlp/delta_total.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "collector/otlp/exponential.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::collector {
namespace {

using storage::MetricBatch;
using storage::SeriesRef;
using storage::testing::kStartMs;
using storage::testing::StorageHarness;
using ::testing::ElementsAre;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

uint64_t At(int64_t ms) { return static_cast<uint64_t>(kStartMs + ms) * kNanosPerMilli; }

class DeltaTotalTest : public ::testing::Test {
 protected:
  SeriesRef NewSeries(const std::string& name) {
    const storage::Labels labels({{"__name__", name}});
    return *harness_.storage().GetOrCreateSeries(storage::kDefaultTenant, labels, {});
  }
  void Store(SeriesRef series, int64_t ms, double value) {
    MetricBatch batch;
    batch.Add(series, kStartMs + ms, value);
    ASSERT_OK(harness_.storage().WriteMetrics(storage::kDefaultTenant, batch, {}));
  }
  void Load(DeltaTotal* total, const DeltaPoint& point) {
    total->Load(harness_.storage().NewMetricQuerier(storage::kDefaultTenant).get(), point);
  }
  DeltaPoint Point(SeriesRef stream, int64_t start_ms, int64_t end_ms, double value) {
    DeltaPoint point;
    point.stream = stream;
    point.start_ns = At(start_ms);
    point.time_ns = At(end_ms);
    point.value = value;
    return point;
  }

  StorageHarness harness_{1};
};

TEST_F(DeltaTotalTest, Judges) {
  struct Case {
    DeltaPoint point;
    DeltaVerdict verdict;
  };
  const SeriesRef c = NewSeries("c");
  std::vector<Case> cases;
  const auto add = [&](DeltaPoint point, DeltaVerdict verdict) {
    point.monotonic = true;
    cases.push_back({std::move(point), verdict});
  };
  add(Point(c, 10, 20, 1), DeltaVerdict::kTaken);
  add(Point(c, 10, 20, 1), DeltaVerdict::kDuplicate);
  add(Point(c, 10, 20, 5), DeltaVerdict::kDuplicate);
  add(Point(c, 10, 19, 1), DeltaVerdict::kOutOfOrder);
  add(Point(c, 9, 30, 1), DeltaVerdict::kOlderStart);
  add(Point(c, 20, 30, -1), DeltaVerdict::kNegative);
  add(Point(c, 20, 30, kNan), DeltaVerdict::kNotFinite);
  add(Point(c, 20, 30, kInfinity), DeltaVerdict::kNotFinite);
  add(Point(c, 20, 30, 0), DeltaVerdict::kTaken);
  add(Point(c, 15, 31, 2), DeltaVerdict::kTaken);
  DeltaTotal total;
  Load(&total, cases[0].point);
  MetricBatch batch;
  for (size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(total.Add(cases[i].point, &batch), cases[i].verdict) << i;
  }
  std::vector<int64_t> times_ms;
  batch.ForEachFloat([&](SeriesRef, int64_t time_ms, double) { times_ms.push_back(time_ms); });
  EXPECT_THAT(times_ms, ElementsAre(kStartMs + 20, kStartMs + 30, kStartMs + 31));
  EXPECT_THAT(batch.values, ElementsAre(1, 1, 3));
}

TEST_F(DeltaTotalTest, NanosecondsTellPointsApartUntilTheyAreStored) {
  const SeriesRef c = NewSeries("c");
  DeltaPoint point = Point(c, 0, 10, 1);
  MetricBatch batch;
  DeltaTotal total;
  Load(&total, point);
  EXPECT_EQ(total.Add(point, &batch), DeltaVerdict::kTaken);
  point.time_ns += 1;
  EXPECT_EQ(total.Add(point, &batch), DeltaVerdict::kTaken);
  EXPECT_THAT(batch.values, ElementsAre(1, 2));
  Store(c, 10, 2);
  DeltaTotal again;
  Load(&again, point);
  point.time_ns += 1;
  EXPECT_EQ(again.Add(point, &batch), DeltaVerdict::kDuplicate);
}

TEST_F(DeltaTotalTest, TakesUpWhatIsStored) {
  for (const int64_t age_ms : {kMillisPerMinute, 2 * kMillisPerHour, 20 * kMillisPerDay}) {
    const SeriesRef c = NewSeries("c" + std::to_string(age_ms));
    Store(c, -age_ms - 1, 1);
    Store(c, -age_ms, 41);
    const DeltaPoint point = Point(c, 0, 10, 1);
    MetricBatch batch;
    DeltaTotal total;
    Load(&total, point);
    EXPECT_EQ(total.Add(point, &batch), DeltaVerdict::kTaken);
    EXPECT_THAT(batch.values, ElementsAre(42)) << age_ms;
  }
}

TEST_F(DeltaTotalTest, WhatIsStoredLaterThanThePointCounts) {
  const SeriesRef c = NewSeries("c");
  Store(c, 50, 7);
  const DeltaPoint point = Point(c, 0, 10, 1);
  DeltaTotal total;
  Load(&total, point);
  MetricBatch batch;
  EXPECT_EQ(total.Add(point, &batch), DeltaVerdict::kOutOfOrder);
  EXPECT_TRUE(batch.empty());
}

TEST_F(DeltaTotalTest, AddsExponentialHistograms) {
  const SeriesRef e = NewSeries("e");
  ExponentialPoint wire;
  wire.count = 2;
  wire.sum = 3;
  wire.positive_counts = {2};
  DeltaPoint point = Point(e, 0, 10, 0);
  point.native = std::make_shared<const storage::Histogram>(*ToNativeHistogram(wire));
  DeltaTotal total;
  Load(&total, point);
  MetricBatch batch;
  ASSERT_EQ(total.Add(point, &batch), DeltaVerdict::kTaken);
  point.time_ns += kNanosPerMilli;
  ASSERT_EQ(total.Add(point, &batch), DeltaVerdict::kTaken);
  ASSERT_EQ(batch.histograms.size(), 2);
  EXPECT_EQ(batch.histograms[0].histogram->count, 2) << "a sample is not changed afterwards";
  EXPECT_EQ(batch.histograms[1].histogram->count, 4);
  EXPECT_THAT(batch.histograms[1].histogram->positive_counts, ElementsAre(4));
}

}  // namespace
}  // namespace vigil::collector
