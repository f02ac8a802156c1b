// SPDX-License-Identifier: Apache-2.0
#include "storage/time_rules.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "tests/storage/records/record_samples.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::PlainLog;
using testing::PlainSpan;

constexpr int64_t kNow = 1'767'323'045'000;
constexpr int64_t kNowNs = kNow * kNanosPerMilli;
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST(TimeRulesTest, TheEdgesAreAdmitted) {
  const TimeRules rules{kNow, kMillisPerHour, kMillisPerMinute};
  EXPECT_TRUE(rules.Admits(kNow - kMillisPerHour));
  EXPECT_FALSE(rules.Admits(kNow - kMillisPerHour - 1));
  EXPECT_TRUE(rules.Admits(kNow + kMillisPerMinute));
  EXPECT_FALSE(rules.Admits(kNow + kMillisPerMinute + 1));
}

TEST(TimeRulesTest, AnyAgeBeginsIn1970) {
  const TimeRules rules{kNow, 0, 0};
  EXPECT_TRUE(rules.Admits(0));
  EXPECT_FALSE(rules.Admits(-1));
  // An age that would reach further back does not either.
  EXPECT_FALSE((TimeRules{kNow, kNow + 10, 0}).Admits(-1));
}

TEST(TimeRulesTest, ReasonsTellWhatToLookAt) {
  const TimeRules rules{kNow, kMillisPerHour, 10 * kMillisPerMinute};
  EXPECT_EQ(rules.Reason(-5), "time -5 ms lies before 1970");
  EXPECT_EQ(rules.Reason(0),
            "time 1970-01-01T00:00:00.000Z is older than 1h (storage.max_age, storage.retention)");
  EXPECT_EQ(rules.Reason(kNow + kMillisPerHour),
            "time 2026-01-02T04:04:05.000Z lies more than 10m in the future: check the sender's "
            "clock");
}

TEST(TimeRulesTest, SamplesAreFilteredOnlyIfOneIsRefused) {
  const TimeRules rules{kNow, 0, 0};
  MetricBatch batch;
  batch.Add(SeriesRef{1}, kNow, 1);
  batch.histograms.push_back({SeriesRef{2}, kNow, std::make_shared<const Histogram>()});
  MetricBatch admitted;
  WriteResult result;
  EXPECT_FALSE(rules.Filter(batch, &admitted, &result));
  EXPECT_EQ(result.rejected, 0);

  batch.Add(SeriesRef{3}, kNow + 1, 3);
  batch.Add(SeriesRef{4}, kNow - 1, 4);
  batch.histograms.push_back({SeriesRef{5}, -1, std::make_shared<const Histogram>()});
  admitted.Add(SeriesRef{9}, 9, 9);  // What is left of another batch goes.
  ASSERT_TRUE(rules.Filter(batch, &admitted, &result));
  EXPECT_THAT(admitted.runs,
              ElementsAre(SampleRun{SeriesRef{1}, 1, kNow}, SampleRun{SeriesRef{4}, 1, kNow - 1}));
  EXPECT_THAT(admitted.values, ElementsAre(1, 4));
  ASSERT_EQ(admitted.histograms.size(), 1);
  EXPECT_EQ(admitted.histograms[0].series, SeriesRef{2});
  EXPECT_EQ(result.rejected, 2);
  EXPECT_THAT(result.rejection_reason, HasSubstr("in the future")) << "the first reason";

  MetricBatch only_histograms;
  only_histograms.histograms.push_back({SeriesRef{5}, -1, std::make_shared<const Histogram>()});
  ASSERT_TRUE(rules.Filter(only_histograms, &admitted, &result));
  EXPECT_TRUE(admitted.empty());
  EXPECT_EQ(result.rejected, 3);
}

TEST(TimeRulesTest, StreamsThatAreLeftEmptyGo) {
  const TimeRules rules{kNow, 0, 0};
  LogBatch batch;
  batch.streams.push_back({Labels{{"a", "1"}}, {PlainLog(kMax, "far"), PlainLog(-1, "early")}});
  batch.streams.push_back({Labels{{"a", "2"}}, {PlainLog(kNowNs + 999'999, "same millisecond")}});
  WriteResult result;
  rules.Filter(&batch, &result);
  ASSERT_EQ(batch.streams.size(), 1);
  EXPECT_EQ(batch.streams[0].labels, (Labels{{"a", "2"}}));
  EXPECT_EQ(result.rejected, 2);
}

TEST(TimeRulesTest, AMomentBefore1970IsNotCalledOld) {
  for (const int64_t time_ns : {int64_t{-1}, std::numeric_limits<int64_t>::min()}) {
    LogBatch batch;
    batch.streams.push_back({Labels{{"a", "1"}}, {PlainLog(time_ns, "early")}});
    WriteResult of_logs;
    (TimeRules{kNow, 0, 0}).Filter(&batch, &of_logs);
    EXPECT_THAT(of_logs.rejection_reason, HasSubstr("before 1970"));
    std::vector<Span> spans = {PlainSpan(1, 1, time_ns, "early")};
    WriteResult of_spans;
    (TimeRules{kNow, 0, 0}).Filter(&spans, &of_spans);
    EXPECT_THAT(of_spans.rejection_reason, HasSubstr("before 1970"));
    EXPECT_TRUE(spans.empty());
  }
}

TEST(TimeRulesTest, SpansGoByTheirStart) {
  Span span = PlainSpan(1, 1, kNowNs, "long");
  span.end_ns = kMax;
  std::vector<Span> spans = {span, PlainSpan(1, 2, kNowNs + kNanosPerMilli, "future")};
  WriteResult result;
  (TimeRules{kNow, 0, 0}).Filter(&spans, &result);
  ASSERT_EQ(spans.size(), 1);
  EXPECT_EQ(spans[0].name, "long");
  EXPECT_EQ(result.rejected, 1);
}

}  // namespace
}  // namespace vigil::storage
