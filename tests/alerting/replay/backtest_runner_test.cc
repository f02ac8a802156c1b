// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/backtest_runner.h"

#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "alerting/rules/rule_evaluator.h"
#include "base/strings.h"
#include "query/promql/parser.h"
#include "tests/query/exec/memory_source.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

constexpr int64_t kMinuteMs = 60'000;

// Counts how often it is asked.
class CountingSource final : public storage::MetricSource {
 public:
  std::unique_ptr<storage::MetricQuerier> NewQuerier() override {
    ++queries;
    return source.NewQuerier();
  }
  exec::MemorySource source;
  int queries = 0;
};

class BacktestRunnerTest : public ::testing::Test {
 protected:
  BacktestRunnerTest() {
    EXPECT_OK(source_.source.Load(kMinuteMs, "a{job=\"x\"} 0+1x100"));
    EXPECT_OK(source_.source.Load(kMinuteMs, "a{job=\"y\"} _x20 5x3 stale _x80"));
    // Two of the same labels but for the name, for a while.
    EXPECT_OK(source_.source.Load(kMinuteMs, "b{job=\"x\"} _x50 1 1 stale"));
    EXPECT_OK(source_.source.Load(kMinuteMs, "c{job=\"x\"} 1x100"));
  }

  // The result at minute `from` to `to`, as "labels value", each line for itself.
  std::string Run(const std::string& text, int64_t from, int64_t to) {
    const promql::ExprPtr expr = promql::ParseExpr(text).value();
    BacktestRunner runner({&engine_, &source_, {}}, kMinuteMs, &window_end_ms_,
                          [this](const ExprReads&) { return settled_; });
    std::string results;
    for (int64_t minute = from; minute <= to; ++minute) {
      const int64_t time_ms = minute * kMinuteMs;
      auto result = runner.Run(*expr, text, time_ms);
      auto alone = engine_.Instant(source_.source, text, time_ms);
      EXPECT_EQ(Text(result), Text(alone)) << text << " at " << minute;
      results += fmt::format("{}: {}\n", minute, Text(result));
    }
    return results;
  }

  static std::string Text(const absl::StatusOr<exec::QueryResult>& result) {
    if (!result.ok()) return "error";
    const auto vector = ToVector(*result);
    if (!vector.ok()) return "no vector";
    std::string text = std::get_if<exec::ScalarResult>(&result->value) != nullptr ? "scalar" : "";
    for (const exec::VectorElement& element : *vector) {
      text += fmt::format("{} {}@{} ", element.labels.ToString(), FormatValue(element.value),
                          element.time_ms / kMinuteMs);
    }
    return text;
  }

  const exec::Engine engine_{exec::EngineOptions()};
  CountingSource source_;
  int64_t window_end_ms_ = 100 * kMinuteMs;
  bool settled_ = true;
};

TEST_F(BacktestRunnerTest, OneQueryForManyInstants) {
  EXPECT_EQ(Run("a > 97", 96, 99),
            "96: \n97: \n98: a{job=\"x\"} 98@98 \n99: a{job=\"x\"} 99@99 \n");
  Run("a", 0, 99);
  Run("sum by (job) (rate(a[3m]))", 0, 99);
  Run("time() - 5", 3, 80);
  Run("vector(1)", 3, 80);
  EXPECT_LE(source_.queries, 9);
}

TEST_F(BacktestRunnerTest, NeverBeyondTheWindow) {
  window_end_ms_ = 30 * kMinuteMs;
  const promql::ExprPtr expr = promql::ParseExpr("a").value();
  BacktestRunner runner({&engine_, &source_, {}}, kMinuteMs, &window_end_ms_,
                        [](const ExprReads&) { return true; });
  for (int64_t minute = 0; minute <= 60; ++minute) {
    // What is written when the window goes on is seen.
    if (minute == 31) {
      EXPECT_OK(source_.source.Load(kMinuteMs, "a{job=\"z\"} _x31 1x60"));
      window_end_ms_ = 60 * kMinuteMs;
    }
    const auto result = runner.Run(*expr, "a", minute * kMinuteMs);
    ASSERT_OK(result);
    EXPECT_EQ(Text(result).find("\"z\"") != std::string::npos, minute >= 31) << minute;
  }
  EXPECT_EQ(source_.queries, 2);
}

TEST_F(BacktestRunnerTest, AFailingInstantFailsItselfAlone) {
  const std::string text = "c + on (job) group_left {__name__=~\"b|c\"}";
  const std::string results = Run(text, 10, 90);
  EXPECT_NE(results.find("49: {job=\"x\"}"), std::string::npos) << results;
  EXPECT_NE(results.find("50: error"), std::string::npos) << results;
  EXPECT_NE(results.find("80: {job=\"x\"}"), std::string::npos) << results;
  EXPECT_LE(source_.queries, 40);
}

TEST_F(BacktestRunnerTest, StepByStepWhereItMustBe) {
  settled_ = false;
  Run("a", 0, 9);
  EXPECT_EQ(source_.queries, 10);
  settled_ = true;
  Run("a - end()", 0, 9);
  EXPECT_EQ(source_.queries, 20);
  Run("a[5m]", 0, 9);
}

}  // namespace
}  // namespace vigil::alerting
