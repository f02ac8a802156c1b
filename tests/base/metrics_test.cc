// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace vigil {
namespace {

// All of this process' metrics are made here, so that the whole text is known.
TEST(MetricsTest, ExposesFamiliesByNameAndSeriesByLabels) {
  GetCounter("m_total", "Second.", "b=\"2\"").Add(5);
  GetCounter("m_total", "Another help does not replace the first.", "a=\"1\"").Add();
  GetGauge("a_gauge", "First.").Set(-7);
  GetGauge("z_gauge", "Last.", "x=\"y\",z=\"w\"");
  EXPECT_EQ(ExposeMetrics(),
            "# HELP a_gauge First.\n"
            "# TYPE a_gauge gauge\n"
            "a_gauge -7\n"
            "# HELP m_total Second.\n"
            "# TYPE m_total counter\n"
            "m_total{a=\"1\"} 1\n"
            "m_total{b=\"2\"} 5\n"
            "# HELP z_gauge Last.\n"
            "# TYPE z_gauge gauge\n"
            "z_gauge{x=\"y\",z=\"w\"} 0\n");
}

TEST(MetricsTest, TheSameNameAndLabelsGiveTheSameMetric) {
  Counter& counter = GetCounter("same_total", "", "l=\"1\"");
  EXPECT_EQ(&GetCounter("same_total", "", "l=\"1\""), &counter);
  EXPECT_NE(&GetCounter("same_total", "", "l=\"2\""), &counter);
  EXPECT_NE(&GetCounter("same_total", ""), &counter);
  Gauge& gauge = GetGauge("same_gauge", "");
  gauge.Set(3);
  gauge.Add(-5);
  EXPECT_EQ(GetGauge("same_gauge", "").Value(), -2);
}

TEST(MetricsTest, ThreadsCountTogether) {
  constexpr int kThreads = 4;
  constexpr int kCounts = 10'000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < kCounts; ++i) GetCounter("threads_total", "").Add();
    });
  }
  while (ExposeMetrics().empty()) {
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(GetCounter("threads_total", "").Value(), kThreads * kCounts);
}

}  // namespace
}  // namespace vigil
