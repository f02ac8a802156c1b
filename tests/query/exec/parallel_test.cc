// SPDX-License-Identifier: Apache-2.0
//
// Queries that several threads work on: what they give, how they fail, that they end.
#include "query/exec/parallel.h"

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/mutex.h"
#include "base/thread_pool.h"
#include "query/exec/engine.h"
#include "tests/query/exec/memory_source.h"
#include "tests/testing/status_matchers.h"

namespace vigil::exec {
namespace {

using absl::StatusCode;
using ::vigil::testing::StatusIs;

constexpr int64_t kMinuteMs = 60'000;
constexpr int kSeries = 1000;
constexpr int64_t kEndMs = 30 * kMinuteMs;

TEST(RunTogetherTest, HelpersTakePart) {
  ThreadPool helpers(3, 10);
  for (int run = 0; run < 50; ++run) {
    std::atomic<int> left{1000};
    std::atomic<int> done{0};
    RunTogether(&helpers, 4, [&](size_t worker) {
      EXPECT_LT(worker, 4u);
      while (left.fetch_sub(1) > 0) ++done;
    });
    EXPECT_EQ(done, 1000);
  }
}

TEST(RunTogetherTest, WithoutHelpersThereIsOneCall) {
  int calls = 0;
  RunTogether(nullptr, 4, [&](size_t worker) {
    EXPECT_EQ(worker, 0u);
    ++calls;
  });
  EXPECT_EQ(calls, 1);
}

TEST(RunTogetherTest, BusyHelpersAreNotWaitedFor) {
  ThreadPool helpers(1, 10);
  std::atomic<bool> go{false};
  ASSERT_TRUE(helpers.TrySubmit([&go] {
    while (!go) std::this_thread::yield();
  }));
  int calls = 0;
  RunTogether(&helpers, 2, [&](size_t) { ++calls; });
  EXPECT_EQ(calls, 1);
  go = true;  // The helper comes too late for that run, whose work is gone.
}

class ThreadsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < kSeries; ++i) {
      ASSERT_OK(source_.Load(kMinuteMs, fmt::format("m_total{{i=\"{:04}\",group=\"{}\"}} {}+{}x30",
                                                    i, i % 7, i, i % 11)));
    }
  }

  absl::StatusOr<QueryResult> Ask(std::string_view query, size_t threads,
                                  EngineOptions options = {}, const QueryControl& control = {}) {
    options.threads = threads;
    return Engine(options, &helpers_).Range(source_, query, 0, kEndMs, kMinuteMs, control);
  }

  static std::string Text(const QueryResult& result) {
    std::string text;
    for (const SeriesResult& series : std::get<MatrixResult>(result.value)) {
      text += series.labels.ToString();
      for (size_t i = 0; i < series.samples.values.size(); ++i) {
        text += fmt::format(" {}:{}", series.samples.times_ms[i], series.samples.values[i]);
      }
      text += '\n';
    }
    for (const std::string& note : result.warnings) text += note + '\n';
    for (const std::string& note : result.infos) text += note + '\n';
    return text;
  }

  ThreadPool helpers_{4, 100};
  MemorySource source_;
};

TEST_F(ThreadsTest, GiveWhatOneGives) {
  for (const char* query :
       {"m_total", "rate(m_total[5m])", "sum(rate(m_total[5m]))", "sum by (group) (m_total)",
        "avg without (i) (increase(m_total[5m]))", "quantile_over_time(2, m_total[3m])",
        "max by (group) (max_over_time(m_total[5m]))", "count(rate({__name__=~\"m.*\"}[5m]))",
        "stddev by (group) (deriv(m_total[5m]))", "sum by (__name__) (rate(m_total[5m]))",
        "sum by (__name__) (m_total)", "topk(3, rate(m_total[5m]))",
        "sum(m_total @ end()) + sum(m_total)"}) {
    ASSERT_OK_AND_ASSIGN(const QueryResult alone, Ask(query, 1));
    ASSERT_OK_AND_ASSIGN(const QueryResult together, Ask(query, 5));
    EXPECT_EQ(Text(together), Text(alone)) << query;
    EXPECT_NE(Text(alone), "") << query;
  }
}

TEST_F(ThreadsTest, LimitsHold) {
  EngineOptions options;
  options.max_samples = 5000;
  // All series are too many to be held; a state for each group is not.
  EXPECT_THAT(Ask("rate(m_total[5m])", 5, options), StatusIs(StatusCode::kResourceExhausted));
  options.max_samples = 10'000;
  EXPECT_OK(Ask("sum(rate(m_total[5m]))", 5, options));
}

TEST_F(ThreadsTest, Cancellation) {
  const std::atomic<bool> cancelled = true;
  QueryControl control;
  control.cancelled = &cancelled;
  EXPECT_THAT(Ask("sum(rate(m_total[5m]))", 5, {}, control), StatusIs(StatusCode::kCancelled));
}

TEST_F(ThreadsTest, QueriesShareHelpers) {
  ASSERT_OK_AND_ASSIGN(const QueryResult expected, Ask("sum by (group) (rate(m_total[5m]))", 1));
  std::vector<std::thread> askers;
  Mutex mutex;
  std::set<std::string> texts;
  for (int i = 0; i < 4; ++i) {
    askers.emplace_back([&] {
      for (int run = 0; run < 5; ++run) {
        const auto result = Ask("sum by (group) (rate(m_total[5m]))", 3);
        ASSERT_OK(result);
        MutexLock lock(&mutex);
        texts.insert(Text(*result));
      }
    });
  }
  for (std::thread& asker : askers) asker.join();
  EXPECT_EQ(texts, std::set<std::string>{Text(expected)});
}

}  // namespace
}  // namespace vigil::exec
