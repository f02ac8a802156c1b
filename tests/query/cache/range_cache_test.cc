// SPDX-License-Identifier: Apache-2.0
//
// Kept answers are what the engine would give, whatever is written and deleted in between.
#include "query/cache/range_cache.h"

#include <array>
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.h"
#include "query/cache/step_local.h"
#include "query/promql/parser.h"
#include "query/promql/series_values.h"
#include "tests/query/exec/memory_source.h"
#include "tests/query/exec/random_queries.h"
#include "tests/query/exec/result_match.h"
#include "tests/storage/storage_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::cache {
namespace {

using exec::Engine;
using exec::EngineOptions;
using exec::MemorySource;
using exec::QueryResult;

constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kHourMs = 60 * kMinuteMs;
constexpr storage::TenantId kTenant = storage::kDefaultTenant;
constexpr size_t kRoom = size_t{8} << 20;

// All of an answer to the last digit.
std::string Text(const absl::StatusOr<QueryResult>& result) {
  if (!result.ok()) return result.status().ToString();
  std::string text;
  for (const exec::SeriesResult& series : std::get<exec::MatrixResult>(result->value)) {
    text += series.labels.ToString();
    const storage::SampleColumns& samples = series.samples;
    for (size_t i = 0; i < samples.values.size(); ++i) {
      text += fmt::format(" {}={}", samples.times_ms[i],
                          exec::ValueText(promql::SeriesValue(samples.values[i])));
    }
    for (size_t i = 0; i < samples.histograms.size(); ++i) {
      text += fmt::format(" {}={}", samples.histogram_times_ms[i],
                          exec::ValueText(promql::SeriesValue(samples.histograms[i])));
    }
    text += '\n';
  }
  return text;
}

// Counts how often the store is asked.
class CountingSource final : public storage::MetricSource {
 public:
  explicit CountingSource(storage::MetricSource* inner) : inner_(*inner) {}
  std::unique_ptr<storage::MetricQuerier> NewQuerier() override {
    ++queriers;
    return inner_.NewQuerier();
  }
  int queriers = 0;

 private:
  storage::MetricSource& inner_;
};

class RangeCacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(memory_.Load(15'000, "m{k=\"a\"} 0+1x480"));
    ASSERT_OK(memory_.Load(15'000, "m{k=\"b\"} 0+2x480"));
    clock_.SetMs(2 * kHourMs);
  }

  absl::StatusOr<QueryResult> Range(std::string_view query, int64_t start_ms, int64_t end_ms) {
    return cache_.Range(kTenant, source_, query, start_ms, end_ms, kMinuteMs);
  }
  // Checks an answer, and whether the store was asked for it.
  void Expect(std::string_view query, int64_t start_ms, int64_t end_ms, bool asked) {
    const int before = source_.queriers;
    const std::string got = Text(Range(query, start_ms, end_ms));
    EXPECT_EQ(source_.queriers > before, asked) << query;
    EXPECT_EQ(got, Text(engine_.Range(memory_, query, start_ms, end_ms, kMinuteMs)));
  }

  MemorySource memory_;
  CountingSource source_{&memory_};
  ManualClock clock_;
  const Engine engine_{EngineOptions{}};
  RangeCache cache_{&engine_, &clock_, kRoom};
};

TEST_F(RangeCacheTest, WhatWasAskedIsNotReadAgain) {
  Expect("rate(m[5m])", 0, kHourMs, true);
  Expect("rate(m[5m])", 0, kHourMs, false);
  Expect("rate(m[5m])", 10 * kMinuteMs, 40 * kMinuteMs, false);
  Expect("rate(m[5m])", 30 * kMinuteMs, kHourMs + 10 * kMinuteMs, true);
  Expect("rate(m[5m])", 30 * kMinuteMs, kHourMs + 10 * kMinuteMs, false);
  // Another phase of the steps, another query.
  Expect("rate(m[5m])", 30 * kMinuteMs + 1, kHourMs, true);
  Expect("rate(m[4m])", 30 * kMinuteMs, kHourMs, true);
}

TEST_F(RangeCacheTest, TheLastMinuteIsComputedEachTime) {
  Expect("m", kHourMs, 2 * kHourMs, true);
  Expect("m", kHourMs, 2 * kHourMs, true);
  Expect("m", kHourMs, 2 * kHourMs - kMinuteMs, false);
}

TEST_F(RangeCacheTest, AShortRangeDoesNotTakeThePlaceOfALongOne) {
  Expect("m", 0, kHourMs, true);
  Expect("m", kHourMs - 5 * kMinuteMs, kHourMs + kMinuteMs, true);
  Expect("m", 0, kHourMs, false);
}

TEST_F(RangeCacheTest, LateSamplesUndoWhatComesAfterThem) {
  Expect("sum_over_time(m[5m])", 0, kHourMs, true);
  const int64_t late_ms = 30 * kMinuteMs + 1;
  memory_.AddFloat({{"__name__", "m"}, {"k", "c"}}, late_ms, 1000);
  cache_.OnMetricsWritten(kTenant, late_ms);
  Expect("sum_over_time(m[5m])", 0, 30 * kMinuteMs, false);
  Expect("sum_over_time(m[5m])", 0, kHourMs, true);
  Expect("sum_over_time(m[5m])", 0, kHourMs, false);
  // At the instant of a step, and before the first one.
  for (const int64_t again_ms : {40 * kMinuteMs, int64_t{0}}) {
    memory_.AddFloat({{"__name__", "m"}, {"k", "c"}}, again_ms, 2000);
    cache_.OnMetricsWritten(kTenant, again_ms);
    Expect("sum_over_time(m[5m])", 0, kHourMs, true);
  }
}

TEST_F(RangeCacheTest, OtherTenantsWritesUndoNothingAndDropsUndoAll) {
  Expect("m", 0, kHourMs, true);
  cache_.OnMetricsWritten(storage::TenantId{7}, 0);
  Expect("m", 0, kHourMs, false);
  EXPECT_GT(cache_.size_bytes(), 0u);
  cache_.OnMetricsDropped();
  EXPECT_EQ(cache_.size_bytes(), 0u);
  Expect("m", 0, kHourMs, true);
}

TEST_F(RangeCacheTest, TheOldestGoWhenThereIsNoRoom) {
  RangeCache small(&engine_, &clock_, 20'000);
  const auto ask = [&](int seconds) {
    const int before = source_.queriers;
    EXPECT_OK(small.Range(kTenant, source_, fmt::format("sum(rate(m[{}s]))", seconds), 0, kHourMs,
                          kMinuteMs));
    EXPECT_LE(small.size_bytes(), 20'000u);
    return source_.queriers > before;
  };
  for (int seconds = 100; seconds < 150; ++seconds) EXPECT_TRUE(ask(seconds));
  EXPECT_FALSE(ask(149));
  EXPECT_FALSE(ask(145));
  EXPECT_TRUE(ask(100));
  // What would take most of the room is not kept at all.
  RangeCache tiny(&engine_, &clock_, 1000);
  EXPECT_OK(tiny.Range(kTenant, source_, "m", 0, kHourMs, kMinuteMs));
  EXPECT_EQ(tiny.size_bytes(), 0u);
}

TEST_F(RangeCacheTest, ErrorsAreThoseOfTheEngineAndAreNotKept) {
  const std::vector<std::array<int64_t, 3>> ranges = {
      {0, kHourMs, 0}, {0, kHourMs, -1}, {kHourMs, 0, 1}, {0, kHourMs, 1}};
  for (const auto& [start_ms, end_ms, step_ms] : ranges) {
    EXPECT_EQ(Text(cache_.Range(kTenant, source_, "m", start_ms, end_ms, step_ms)),
              Text(engine_.Range(memory_, "m", start_ms, end_ms, step_ms)));
  }
  for (const char* query : {"m +", "m[5m]", "m / on() m"}) {
    EXPECT_EQ(Text(Range(query, 0, kHourMs)),
              Text(engine_.Range(memory_, query, 0, kHourMs, kMinuteMs)));
  }
  EXPECT_EQ(cache_.size_bytes(), 0u);
}

TEST_F(RangeCacheTest, AnnotationsStay) {
  const auto infos = [&](int64_t end_ms) { return Range("rate(m[5m])", 0, end_ms)->infos; };
  const std::vector<std::string> first = infos(kHourMs);
  EXPECT_THAT(first, ::testing::SizeIs(1));
  EXPECT_EQ(infos(kHourMs), first);
  EXPECT_EQ(infos(kHourMs + 10 * kMinuteMs), first);
}

TEST_F(RangeCacheTest, AnnotationsAreOfTheStepsThatAreAskedFor) {
  // No histogram in the second half hour.
  ASSERT_OK(memory_.Load(kMinuteMs, "x {{schema:0 sum:1 count:1 buckets:[1]}}x29 1x30"));
  const auto infos = [&](int64_t start_ms, int64_t end_ms) {
    return Range("max(x)", start_ms, end_ms)->infos;
  };
  EXPECT_THAT(infos(0, kHourMs), ::testing::SizeIs(1));
  Expect("max(x)", 0, kHourMs, false);
  EXPECT_THAT(infos(35 * kMinuteMs, kHourMs), ::testing::IsEmpty());
  Expect("max(x)", 40 * kMinuteMs, kHourMs, false);
  // What is said of the steps that were fixed is said once.
  ASSERT_OK(memory_.Load(kMinuteMs, "b{le=\"1\"} 2x60"));
  ASSERT_OK(memory_.Load(kMinuteMs, "b{le=\"2\"} 1x60"));
  ASSERT_OK(memory_.Load(kMinuteMs, "b{le=\"+Inf\"} 4x60"));
  const auto fixed = [&](int64_t end_ms) {
    return Range("histogram_quantile(0.9, b)", 0, end_ms)->infos;
  };
  EXPECT_THAT(fixed(30 * kMinuteMs),
              ::testing::ElementsAre(::testing::HasSubstr("over 31 samples")));
  EXPECT_THAT(fixed(kHourMs), ::testing::ElementsAre(::testing::HasSubstr("over 61 samples")));
}

TEST(StepLocalTest, TellsWhatFollowsFromThePast) {
  const auto is_local = [](std::string_view query) {
    const auto expr = promql::ParseExpr(query);
    EXPECT_OK(expr);
    return IsStepLocal(**expr);
  };
  for (const char* query :
       {"m", "1", "time()", "rate(m[5m] offset 1h)", "sum by (a) (m) / on(a) max by (a) (n)",
        "max_over_time(rate(m[5m])[1h:1m])", "topk(2, -m)", "histogram_quantile(0.9, (m))"}) {
    EXPECT_TRUE(is_local(query)) << query;
  }
  for (const char* query :
       {"m @ 5", "m @ start()", "m offset -1s", "m + m @ end()", "rate(m[5m] offset -5m)",
        "max_over_time(m[1h:1m] offset -1h)", "max_over_time((m offset -1s)[1h:1m])",
        "sum(m @ end())", "topk(scalar(m @ end()), m)", "-m offset -1s", "(m offset -1s)",
        "m smoothed", "rate(m[5m] smoothed)", "info(m)", "m offset (5m - 10m)",
        "rate(m[step()])"}) {
    EXPECT_FALSE(is_local(query)) << query;
  }
}

// Dashboards look at random queries while samples come, on time and late.
TEST(RangeCachePropertyTest, AnswersAreThoseOfTheEngine) {
  constexpr uint64_t kSeeds = 8;
  constexpr int kRounds = 1000;
  const Counter& kept = GetCounter("vigil_query_cache_steps_total", "", "outcome=\"kept\"");
  const Counter& computed = GetCounter("vigil_query_cache_steps_total", "", "outcome=\"computed\"");
  const int64_t kept_before = kept.Value();
  const int64_t computed_before = computed.Value();
  for (uint64_t seed = 1; seed <= kSeeds && !::testing::Test::HasFailure(); ++seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](int64_t bound) {
      return static_cast<int64_t>(random() % static_cast<uint64_t>(bound));
    };
    exec::RandomQueries generator(seed);
    MemorySource memory;
    generator.Fill(40 * kMinuteMs, &memory);
    std::vector<std::string> queries;
    for (int i = 0; i < 6; ++i) queries.push_back(generator.Vector(1 + i % 3));
    ManualClock clock(40 * kMinuteMs);
    const Engine engine{EngineOptions{}};
    RangeCache cache(&engine, &clock, below(4) == 0 ? 20'000 : kRoom);
    for (int round = 0; round < kRounds; ++round) {
      clock.AdvanceMs(below(30'000));
      const int64_t now_ms = clock.NowMs();
      if (below(3) == 0) {
        const int64_t at_ms = below(15) == 0 ? below(now_ms) : now_ms - below(20'000);
        const char* const name = below(2) == 0 ? "a_total" : "b";
        memory.AddFloat({{"__name__", name}, {"job", "x"}, {"le", below(2) == 0 ? "1" : "new"}},
                        at_ms, static_cast<double>(below(1000)));
        cache.OnMetricsWritten(kTenant, at_ms);
      }
      const std::string& query = queries[static_cast<size_t>(below(std::ssize(queries)))];
      const int64_t step_ms = below(2) == 0 ? 15'000 : 60'000;
      const int64_t end_ms = (now_ms - below(4) * 30'000) / step_ms * step_ms + below(2) * 7000;
      const int64_t start_ms = std::max<int64_t>(0, end_ms - (below(2) == 0 ? 10 : 30) * kMinuteMs);
      const std::string got = Text(cache.Range(kTenant, memory, query, start_ms, end_ms, step_ms));
      ASSERT_EQ(got, Text(engine.Range(memory, query, start_ms, end_ms, step_ms)))
          << query << " from " << start_ms << " to " << end_ms << " by " << step_ms << ", seed "
          << seed << " round " << round;
    }
  }
  EXPECT_GT(kept.Value() - kept_before, (computed.Value() - computed_before) / 4);
}

// Whatever is asked while samples are written: once that has ended, answers are true.
TEST(RangeCacheStorageTest, WritersAndReadersAtOnce) {
  using storage::testing::kStartMs;
  using storage::testing::SampleOf;
  storage::testing::StorageHarness harness(2);
  const auto source = harness.storage().MetricSourceFor(kTenant);
  const auto sink = harness.storage().MetricSinkFor(kTenant);
  const Engine engine{EngineOptions{}};
  RangeCache cache(&engine, &harness.clock(), kRoom);
  harness.storage().ObserveMetricWrites(&cache);
  constexpr int64_t kSpanMs = 10 * kMinuteMs;
  constexpr int64_t kFirstMs = kStartMs - kSpanMs;
  const auto ask = [&](std::string_view query) {
    return Text(cache.Range(kTenant, *source, query, kFirstMs, kStartMs, 5000));
  };
  const std::vector<std::string> queries = {"m", "sum(m)", "count_over_time(m[1m])"};
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done.load()) {
      for (const std::string& query : queries) ask(query);
    }
  });
  std::mt19937_64 random(1);
  for (int i = 0; i < 600; ++i) {
    const auto at_ms = kFirstMs + static_cast<int64_t>(random() % uint64_t{kSpanMs});
    ASSERT_OK(sink->Append({SampleOf("m", fmt::to_string(i % 3), at_ms, i)}, {}));
    if (i % 150 == 149) {
      ASSERT_OK(harness.storage().Flush());
    }
  }
  done.store(true);
  reader.join();
  const auto expect_true = [&] {
    for (const std::string& query : queries) {
      EXPECT_EQ(ask(query), Text(engine.Range(*source, query, kFirstMs, kStartMs, 5000))) << query;
    }
  };
  expect_true();
  ASSERT_OK_AND_ASSIGN(const auto job,
                       storage::Matcher::Create(storage::MatchType::kEqual, "job", "1"));
  ASSERT_OK(harness.storage().DeleteMetrics(kTenant, {job}, {kFirstMs, kStartMs}));
  expect_true();
}

}  // namespace
}  // namespace vigil::cache
