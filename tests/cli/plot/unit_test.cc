// SPDX-License-Identifier: Apache-2.0
#include "cli/plot/unit.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace vigil::cli {
namespace {

TEST(UnitTest, PlainQuantities) {
  EXPECT_EQ(FormatQuantity(0, PlotUnit::kNone), "0");
  EXPECT_EQ(FormatQuantity(1, PlotUnit::kNone), "1");
  EXPECT_EQ(FormatQuantity(1.23456, PlotUnit::kNone), "1.235");
  EXPECT_EQ(FormatQuantity(-12.5, PlotUnit::kNone), "-12.5");
  EXPECT_EQ(FormatQuantity(9999, PlotUnit::kNone), "9999");
  EXPECT_EQ(FormatQuantity(12'345, PlotUnit::kNone), "12.35k");
  EXPECT_EQ(FormatQuantity(2.15e9, PlotUnit::kNone), "2.15G");
  EXPECT_EQ(FormatQuantity(0.05, PlotUnit::kNone), "0.05");
  EXPECT_EQ(FormatQuantity(0.0005, PlotUnit::kNone), "500u");
  EXPECT_EQ(FormatQuantity(1e300, PlotUnit::kNone), "1e+288T");
  EXPECT_EQ(FormatQuantity(std::nan(""), PlotUnit::kNone), "NaN");
  EXPECT_EQ(FormatQuantity(INFINITY, PlotUnit::kBytes), "+Inf");
}

TEST(UnitTest, QuantitiesOfAUnit) {
  EXPECT_EQ(FormatQuantity(0, PlotUnit::kBytes), "0 B");
  EXPECT_EQ(FormatQuantity(1536, PlotUnit::kBytes), "1.5 KiB");
  EXPECT_EQ(FormatQuantity(5e9, PlotUnit::kBytes), "4.657 GiB");
  EXPECT_EQ(FormatQuantity(0, PlotUnit::kSeconds), "0s");
  EXPECT_EQ(FormatQuantity(0.25, PlotUnit::kSeconds), "250ms");
  EXPECT_EQ(FormatQuantity(0.00001, PlotUnit::kSeconds), "10us");
  EXPECT_EQ(FormatQuantity(59.5, PlotUnit::kSeconds), "59.5s");
  EXPECT_EQ(FormatQuantity(90, PlotUnit::kSeconds), "1m30s");
  EXPECT_EQ(FormatQuantity(-7200, PlotUnit::kSeconds), "-2h");
  EXPECT_EQ(FormatQuantity(0.995, PlotUnit::kPercent), "99.5%");
}

TEST(UnitTest, TicksOfAnAxisShareUnitAndDecimals) {
  EXPECT_EQ(FormatTick(0, 2500, 10'000, PlotUnit::kNone), "0");
  EXPECT_EQ(FormatTick(2500, 2500, 10'000, PlotUnit::kNone), "2.5k");
  EXPECT_EQ(FormatTick(10'000, 2500, 10'000, PlotUnit::kNone), "10.0k");
  EXPECT_EQ(FormatTick(1, 0.5, 2, PlotUnit::kNone), "1.0");
  EXPECT_EQ(FormatTick(3, 1, 5, PlotUnit::kNone), "3");
  EXPECT_EQ(FormatTick(1e-17, 0.1, 0.5, PlotUnit::kNone), "0");
  EXPECT_EQ(FormatTick(0.05, 0.05, 0.2, PlotUnit::kSeconds), "50ms");
  EXPECT_EQ(FormatTick(300, 300, 900, PlotUnit::kSeconds), "5m");
  EXPECT_EQ(FormatTick(0, 300, 900, PlotUnit::kSeconds), "0");
  EXPECT_EQ(FormatTick(0, 0.2, 1, PlotUnit::kPercent), "0%");
  EXPECT_EQ(FormatTick(512, 256, 1024, PlotUnit::kBytes), "0.50 KiB");
  EXPECT_EQ(FormatTick(0.2, 0.2, 1, PlotUnit::kPercent), "20%");
}

TEST(UnitTest, NiceSteps) {
  EXPECT_DOUBLE_EQ(NiceStep(1, PlotUnit::kNone), 1);
  EXPECT_DOUBLE_EQ(NiceStep(1.1, PlotUnit::kNone), 2);
  EXPECT_DOUBLE_EQ(NiceStep(3, PlotUnit::kNone), 5);
  EXPECT_DOUBLE_EQ(NiceStep(6, PlotUnit::kNone), 10);
  EXPECT_DOUBLE_EQ(NiceStep(0.03, PlotUnit::kNone), 0.05);
  EXPECT_DOUBLE_EQ(NiceStep(1000, PlotUnit::kBytes), 1024);
  EXPECT_DOUBLE_EQ(NiceStep(100, PlotUnit::kSeconds), 120);
  EXPECT_DOUBLE_EQ(NiceStep(0.3, PlotUnit::kSeconds), 0.5);
}

TEST(UnitTest, NamesTellTheUnit) {
  EXPECT_EQ(UnitOfMetric("process_resident_memory_bytes"), PlotUnit::kBytes);
  EXPECT_EQ(UnitOfMetric("llm_latency_seconds"), PlotUnit::kSeconds);
  EXPECT_EQ(UnitOfMetric("process_start_time_seconds"), PlotUnit::kSeconds);
  EXPECT_EQ(UnitOfMetric("last_run_timestamp_seconds"), PlotUnit::kNone);
  EXPECT_EQ(UnitOfMetric("cache_hit_ratio"), PlotUnit::kPercent);
  EXPECT_EQ(UnitOfMetric("llm_requests_total"), PlotUnit::kNone);
}

TEST(UnitTest, QueriesTellTheUnitOnlyWhenThereIsNoDoubt) {
  EXPECT_EQ(UnitOfQuery("histogram_quantile(0.9, sum by (le) (rate(rt_seconds_bucket[5m])))"),
            PlotUnit::kSeconds);
  EXPECT_EQ(UnitOfQuery(" histogram_quantile(0.9, rate(size_bytes_bucket[5m])) "),
            PlotUnit::kBytes);
  EXPECT_EQ(UnitOfQuery("histogram_quantile(0.9, a_seconds_bucket) / sum(x)"), PlotUnit::kNone);
  EXPECT_EQ(UnitOfQuery("histogram_quantile(0.9, a_seconds_bucket) / (1 + x)"), PlotUnit::kNone);
  EXPECT_EQ(UnitOfQuery("rate(rt_seconds_bucket[5m])"), PlotUnit::kNone);
  EXPECT_EQ(UnitOfQuery(""), PlotUnit::kNone);
}

}  // namespace
}  // namespace vigil::cli
