// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/overlay_metrics.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "alerting/replay/memory_metrics.h"
#include "base/strings.h"
#include "query/promql/parser.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using storage::LabeledSample;
using storage::Labels;
using ::vigil::testing::StatusIs;

constexpr int64_t kSinceMs = 1000;

class OverlayMetricsTest : public ::testing::Test {
 protected:
  static LabeledSample Sample(const Labels& labels, int64_t time_ms, double value) {
    return {labels, time_ms, value};
  }

  void Store(const Labels& labels, int64_t time_ms, double value) {
    ASSERT_OK(store_.Append({Sample(labels, time_ms, value)}, {}));
  }
  storage::WriteResult Write(const Labels& labels, int64_t time_ms, double value) {
    const auto result = overlay_.Append({Sample(labels, time_ms, value)}, {});
    EXPECT_OK(result);
    return result.value_or(storage::WriteResult());
  }

  // A line per series: `labels time=value ...`.
  std::string Read(const std::string& selector, TimeRange range) {
    const auto querier = overlay_.NewQuerier();
    const auto handles = querier->Select(promql::ParseSelector(selector).value(), range);
    EXPECT_OK(handles);
    std::string text;
    for (const storage::SeriesHandle& handle : *handles) {
      storage::SampleColumns columns;
      EXPECT_OK(querier->Read(handle.ref, range, &columns));
      text += handle.labels.ToString();
      for (size_t i = 0; i < columns.values.size(); ++i) {
        text += fmt::format(" {}={}", columns.times_ms[i], FormatValue(columns.values[i]));
      }
      text += '\n';
    }
    return text;
  }

  const Labels recorded_ = {{"__name__", "r"}, {"job", "x"}};
  MemoryMetrics store_;
  OverlayMetrics overlay_{&store_, {{"r"}, {"A"}}, kSinceMs, 10};
};

TEST_F(OverlayMetricsTest, WrittenSeriesComeFromMemoryInTheTestedTime) {
  Store(recorded_, 500, 1);
  Store(recorded_, 1500, 2);
  Store(Labels({{"__name__", "r"}, {"job", "y"}}), 1600, 9);
  Store(Labels({{"__name__", "up"}, {"job", "x"}}), 1500, 3);
  Write(recorded_, 1000, 7);
  Write(recorded_, 2000, 8);
  EXPECT_EQ(Read("{job=~\".+\"}", {0, 3000}),
            "r{job=\"x\"} 500=1 1000=7 2000=8\n"
            "r{job=\"y\"}\n"
            "up{job=\"x\"} 1500=3\n");
  EXPECT_EQ(Read("r", {1000, 1999}), "r{job=\"x\"} 1000=7\n");
  EXPECT_EQ(Read("r", {0, 999}), "r{job=\"x\"} 500=1\nr{job=\"y\"}\n");
  EXPECT_EQ(Read("up", {0, 3000}), "up{job=\"x\"} 1500=3\n");
}

TEST_F(OverlayMetricsTest, OfAlertsOnlyThoseOfItsRulesAreItsOwn) {
  Store(Labels({{"__name__", "ALERTS"}, {"alertname", "A"}}), 1500, 1);
  Store(Labels({{"__name__", "ALERTS"}, {"alertname", "B"}}), 1500, 1);
  EXPECT_EQ(Read("ALERTS", {1000, 3000}), "ALERTS{alertname=\"B\"} 1500=1\n");
}

TEST_F(OverlayMetricsTest, RefusesWhatIsNotNewer) {
  EXPECT_EQ(Write(recorded_, 1000, 7).rejected, 0);
  EXPECT_EQ(Write(recorded_, 1000, 7).rejected, 0);
  EXPECT_EQ(Write(recorded_, 1000, 8).rejected, 1);
  EXPECT_EQ(Write(recorded_, 999, 7).rejected, 1);
  EXPECT_EQ(Read("r", {0, 3000}), "r{job=\"x\"} 1000=7\n");
}

TEST_F(OverlayMetricsTest, ForgetsAllButTheLast) {
  for (int64_t time_ms = 1000; time_ms < 1005; ++time_ms) Write(recorded_, time_ms, 1);
  EXPECT_EQ(overlay_.samples(), 5u);
  overlay_.Forget(1003);
  EXPECT_EQ(Read("r", {0, 3000}), "r{job=\"x\"} 1003=1 1004=1\n");
  overlay_.Forget(9000);
  EXPECT_EQ(overlay_.samples(), 1u);
  // What is older than that is still refused.
  EXPECT_EQ(Write(recorded_, 1003, 1).rejected, 1);
}

TEST_F(OverlayMetricsTest, HoldsNoMoreThanItMay) {
  for (int64_t time_ms = 1000; time_ms < 1010; ++time_ms) Write(recorded_, time_ms, 1);
  EXPECT_THAT(overlay_.Append({Sample(recorded_, 1010, 1)}, {}),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace vigil::alerting
