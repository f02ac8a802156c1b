// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/memory_metrics.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using storage::CounterResetHint;
using storage::Histogram;
using storage::LabeledSample;
using storage::Labels;
using storage::Matcher;
using storage::SampleColumns;
using ::testing::ElementsAre;
using ::testing::SizeIs;

LabeledSample Sample(const Labels& labels, int64_t time_ms, double value) {
  LabeledSample sample;
  sample.labels = labels;
  sample.time_ms = time_ms;
  sample.value = value;
  return sample;
}

class MemoryMetricsTest : public ::testing::Test {
 protected:
  uint64_t Append(const std::vector<LabeledSample>& samples) {
    const auto result = metrics_.Append(samples, {});
    EXPECT_OK(result);
    return result.ok() ? result->rejected : 0;
  }

  // The times of the one series that `querier` finds.
  static std::vector<int64_t> Times(storage::MetricQuerier* querier, const std::string& name,
                                    TimeRange range = {0, 1'000}) {
    const auto handles = querier->Select({Matcher::Equal("__name__", name)}, range);
    EXPECT_OK(handles);
    if (!handles.ok() || handles->size() != 1) return {-1};
    SampleColumns columns;
    EXPECT_OK(querier->Read(handles->front().ref, range, &columns));
    return columns.times_ms;
  }

  MemoryMetrics metrics_;
  const Labels a_{{"__name__", "a"}, {"x", "1"}};
  const Labels b_{{"__name__", "b"}};
  const Labels upper_{{"A", "before the name"}, {"__name__", "c"}};
};

TEST_F(MemoryMetricsTest, AQuerierSeesWhatWasThereWhenItWasMade) {
  Append({Sample(a_, 10, 1), Sample(a_, 20, 2)});
  const auto before = metrics_.NewQuerier();
  Append({Sample(a_, 30, 3), Sample(b_, 30, 3)});
  const auto after = metrics_.NewQuerier();
  EXPECT_THAT(Times(before.get(), "a"), ElementsAre(10, 20));
  EXPECT_THAT(Times(after.get(), "a"), ElementsAre(10, 20, 30));
  EXPECT_THAT(Times(before.get(), "b"), ElementsAre(-1));
  EXPECT_THAT(Times(after.get(), "b"), ElementsAre(30));
}

TEST_F(MemoryMetricsTest, RangesIncludeBothEnds) {
  Append({Sample(a_, 10, 1), Sample(a_, 20, 2), Sample(a_, 30, 3)});
  const auto querier = metrics_.NewQuerier();
  EXPECT_THAT(Times(querier.get(), "a", {10, 20}), ElementsAre(10, 20));
  EXPECT_THAT(Times(querier.get(), "a", {11, 29}), ElementsAre(20));
  EXPECT_THAT(Times(querier.get(), "a", {31, 50}), ElementsAre());
}

TEST_F(MemoryMetricsTest, SelectSortsByLabels) {
  Append({Sample(b_, 10, 1), Sample(upper_, 10, 1), Sample(a_, 10, 1)});
  const auto handles = metrics_.NewQuerier()->Select({Matcher::NotEqual("x", "no")}, {0, 100});
  ASSERT_OK(handles);
  ASSERT_THAT(*handles, SizeIs(3));
  EXPECT_EQ((*handles)[0].labels, upper_);
  EXPECT_EQ((*handles)[1].labels, a_);
  EXPECT_EQ((*handles)[2].labels, b_);
  EXPECT_THAT(*metrics_.NewQuerier()->LabelNames({}, {0, 100}), ElementsAre("A", "__name__", "x"));
  EXPECT_THAT(*metrics_.NewQuerier()->LabelValues("__name__", {}, {0, 100}),
              ElementsAre("a", "b", "c"));
}

TEST_F(MemoryMetricsTest, OlderAndOtherSamplesAreRefused) {
  EXPECT_EQ(Append({Sample(a_, 10, 1)}), 0u);
  EXPECT_EQ(Append({Sample(a_, 10, 1)}), 0u);
  EXPECT_EQ(Append({Sample(a_, 10, 2)}), 1u);
  EXPECT_EQ(Append({Sample(a_, 9, 1)}), 1u);
  EXPECT_EQ(metrics_.Dump("a").at(a_).times_ms.size(), 1u);
}

TEST_F(MemoryMetricsTest, HistogramsSayWhatIsKnownOfResets) {
  int64_t time_ms = 0;
  const auto append = [&](double count, CounterResetHint hint) {
    LabeledSample sample = Sample(a_, ++time_ms, 0);
    auto histogram = std::make_shared<Histogram>();
    histogram->count = count;
    histogram->zero_count = count;
    histogram->reset_hint = hint;
    sample.histogram = std::move(histogram);
    Append({sample});
  };
  append(1, CounterResetHint::kUnknown);
  append(2, CounterResetHint::kUnknown);
  append(2, CounterResetHint::kNotReset);
  append(1, CounterResetHint::kNotReset);  // It says so, but it is not so.
  append(5, CounterResetHint::kReset);
  append(6, CounterResetHint::kGauge);
  append(7, CounterResetHint::kUnknown);
  append(8, CounterResetHint::kUnknown);
  Append({Sample(a_, ++time_ms, 1)});
  append(9, CounterResetHint::kUnknown);
  std::vector<CounterResetHint> hints;
  const MemorySeries dump = metrics_.Dump("a");
  for (const auto& histogram : dump.at(a_).histograms) {
    hints.push_back(histogram->reset_hint);
  }
  constexpr auto kUnknown = CounterResetHint::kUnknown;
  constexpr auto kNotReset = CounterResetHint::kNotReset;
  EXPECT_THAT(hints, ElementsAre(kUnknown, kNotReset, kNotReset, kUnknown, kUnknown,
                                 CounterResetHint::kGauge, kUnknown, kNotReset, kUnknown));
}

TEST_F(MemoryMetricsTest, ReadersAndAWriterAtOnce) {
  constexpr int64_t kSamples = 2'000;
  Append({Sample(a_, 0, 0)});
  std::thread writer([&] {
    for (int64_t i = 1; i < kSamples; ++i) Append({Sample(a_, i, 0), Sample(b_, i, 0)});
  });
  size_t seen = 0;
  while (seen < kSamples) {
    const auto querier = metrics_.NewQuerier();
    const size_t first = Times(querier.get(), "a", {0, kSamples}).size();
    EXPECT_EQ(Times(querier.get(), "a", {0, kSamples}).size(), first);
    EXPECT_GE(first, seen);
    seen = first;
  }
  writer.join();
}

}  // namespace
}  // namespace vigil::alerting
