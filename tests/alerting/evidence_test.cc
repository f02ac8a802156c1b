// SPDX-License-Identifier: Apache-2.0
#include "alerting/evidence.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "query/promql/parser.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string DescribeThreshold(const std::string& text) {
  const auto threshold = ThresholdOf(*promql::ParseExpr(text).value());
  if (!threshold.has_value()) return "none";
  return fmt::format("{} {}", promql::BinaryOpText(threshold->op), FormatValue(threshold->value));
}

TEST(ThresholdTest, IsTheNumberThatAVectorIsComparedWith) {
  EXPECT_EQ(DescribeThreshold("a > 5"), "> 5");
  EXPECT_EQ(DescribeThreshold("((sum(a) <= -0.5))"), "<= -0.5");
  EXPECT_EQ(DescribeThreshold("5 < a"), "> 5");
  EXPECT_EQ(DescribeThreshold("2 >= a"), "<= 2");
  EXPECT_EQ(DescribeThreshold("a == 1"), "== 1");
  EXPECT_EQ(DescribeThreshold("a > 14.4 * 0.5"), "> 7.2");
  EXPECT_EQ(DescribeThreshold("a > 5 and on (job) b > 3"), "> 5");
  EXPECT_EQ(DescribeThreshold("a > 5 unless b"), "> 5");
}

TEST(ThresholdTest, OrThereIsNone) {
  EXPECT_EQ(DescribeThreshold("a"), "none");
  EXPECT_EQ(DescribeThreshold("a > b"), "none");
  EXPECT_EQ(DescribeThreshold("a > scalar(b)"), "none");
  EXPECT_EQ(DescribeThreshold("a > bool 5"), "none");
  EXPECT_EQ(DescribeThreshold("a > 5 or b > 3"), "none");
  EXPECT_EQ(DescribeThreshold("absent(a)"), "none");
}

// Has exemplars of series by hand, and counts how often it is asked.
class FakeSource final : public ExemplarSource {
 public:
  absl::StatusOr<std::vector<storage::ExemplarSeries>> Read(
      const std::vector<storage::Matcher>& matchers, TimeRange range) override {
    ++reads;
    last_range = range;
    if (!failure.ok()) return failure;
    std::vector<storage::ExemplarSeries> found;
    for (const storage::ExemplarSeries& one : series) {
      if (!storage::MatchesAll(matchers, one.labels)) continue;
      storage::ExemplarSeries some = {one.labels, {}};
      for (const storage::Exemplar& exemplar : one.exemplars) {
        if (range.Contains(exemplar.time_ms)) some.exemplars.push_back(exemplar);
      }
      found.push_back(std::move(some));
    }
    return found;
  }

  std::vector<storage::ExemplarSeries> series;
  absl::Status failure;
  int reads = 0;
  TimeRange last_range;
};

class EvidenceFinderTest : public ::testing::Test {
 protected:
  static constexpr int64_t kNowMs = 10'000'000;

  void Add(const storage::Labels& labels, int64_t seconds_ago, double value, const char* trace) {
    source_.series.push_back(
        {labels, {{kNowMs - seconds_ago * 1000, value, storage::Labels({{"trace_id", trace}})}}});
  }

  Evidence Find(const std::string& text, const storage::Labels& labels) {
    const promql::ExprPtr expr = promql::ParseExpr(text).value();
    return finder_.Find({.expr = *expr,
                         .query = text,
                         .labels = labels,
                         .rule_labels = {{"severity", "page"}},
                         .time_ms = kNowMs});
  }

  const storage::Labels alert_ = {{"alertname", "A"}, {"model", "m.1"}, {"severity", "page"}};
  FakeSource source_;
  EvidenceFinder finder_{&source_, exec::EngineOptions()};
};

TEST_F(EvidenceFinderTest, PrefersWhatPassedTheThresholdThenTheNewest) {
  const storage::Labels series = {{"__name__", "latency"}, {"model", "m.1"}};
  Add(series, 10, 1, "fast");
  Add(series, 50, 9, "slow");
  Add(series, 40, 9, "slower");
  Add(series, 30, 2, "fast too");
  Add(series, 20, 9, "slow");
  Add(series, 400, 9, "long ago");
  const Evidence evidence = Find("avg by (model) (rate(latency[1m])) > 5", alert_);
  EXPECT_EQ(evidence.threshold, 5);
  EXPECT_EQ(evidence.query, "avg by (model) (rate(latency[1m])) > 5");
  EXPECT_THAT(evidence.trace_ids, ElementsAre("slow", "slower", "fast", "fast too"));
  for (int i = 0; i < 5; ++i) Add(series, i, 7, fmt::format("more {}", i).c_str());
  EXPECT_THAT(Find("latency > 5", alert_).trace_ids,
              ElementsAre("more 0", "more 1", "more 2", "more 3", "more 4"));
}

TEST_F(EvidenceFinderTest, LooksAtTheAlertsOwnSeries) {
  Add({{"__name__", "latency"}, {"model", "m.1"}, {"le", "5"}}, 1, 1, "own");
  Add({{"__name__", "latency"}, {"model", "mx1"}}, 2, 1, "other");
  Add({{"__name__", "latency"}}, 3, 1, "without");
  Add({{"__name__", "errors"}, {"model", "m.1"}}, 4, 1, "second");
  Add({{"__name__", "unrelated"}, {"model", "m.1"}}, 5, 1, "unrelated");
  EXPECT_THAT(Find("latency / on (model) errors > 5", alert_).trace_ids,
              ElementsAre("own", "without", "second"));
}

TEST_F(EvidenceFinderTest, LooksNoFurtherBackThanAnHour) {
  Find("sum(rate(latency[30d])) > 5", alert_);
  EXPECT_EQ(source_.last_range, (TimeRange{kNowMs - 3'600'000, kNowMs}));
  source_.reads = 0;
  Find("vector(1) > 0", alert_);
  Find("latency @ 100 > 5", alert_);
  EXPECT_EQ(source_.reads, 0);
}

TEST_F(EvidenceFinderTest, WithoutExemplarsThereIsTheRest) {
  source_.failure = absl::UnavailableError("busy");
  const Evidence evidence = Find("latency > 5", alert_);
  EXPECT_EQ(evidence.threshold, 5);
  EXPECT_THAT(evidence.trace_ids, IsEmpty());
}

}  // namespace
}  // namespace vigil::alerting
