// SPDX-License-Identifier: Apache-2.0
//
// The engine's door: types, errors and their codes, limits, order.
#include "query/exec/engine.h"

#include <atomic>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/promql/parser.h"
#include "tests/query/exec/memory_source.h"
#include "tests/testing/status_matchers.h"

namespace vigil::exec {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

constexpr int64_t kMinuteMs = 60'000;

class EngineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(source_.Load(kMinuteMs, "m{k=\"b\"} 0+1x100"));
    ASSERT_OK(source_.Load(kMinuteMs, "m{k=\"a\"} 0+2x100"));
  }

  absl::StatusOr<QueryResult> Instant(std::string_view query, const EngineOptions& options = {},
                                      const QueryControl& control = {}) {
    return Engine(options).Instant(source_, query, 10 * kMinuteMs, control);
  }
  absl::StatusOr<QueryResult> Range(std::string_view query, const EngineOptions& options = {},
                                    const QueryControl& control = {}) {
    return Engine(options).Range(source_, query, 0, 10 * kMinuteMs, kMinuteMs, control);
  }

  MemorySource source_;
};

TEST_F(EngineTest, InstantTypes) {
  ASSERT_OK_AND_ASSIGN(QueryResult scalar, Instant("1 + 1"));
  EXPECT_EQ(std::get<ScalarResult>(scalar.value).value, 2);
  EXPECT_EQ(std::get<ScalarResult>(scalar.value).time_ms, 10 * kMinuteMs);
  ASSERT_OK_AND_ASSIGN(QueryResult text, Instant("'x'"));
  EXPECT_EQ(std::get<StringResult>(text.value).value, "x");
  ASSERT_OK_AND_ASSIGN(QueryResult vector, Instant("m offset 1m"));
  const auto& elements = std::get<VectorResult>(vector.value);
  ASSERT_EQ(elements.size(), 2u);
  EXPECT_EQ(elements[0].labels.Get("k"), "a");
  EXPECT_EQ(elements[0].value, 18);
  EXPECT_EQ(elements[0].time_ms, 10 * kMinuteMs);
  ASSERT_OK_AND_ASSIGN(QueryResult matrix, Instant("m[2m]"));
  const auto& series = std::get<MatrixResult>(matrix.value);
  ASSERT_EQ(series.size(), 2u);
  EXPECT_EQ(series[1].samples.values, (std::vector<double>{9, 10}));
}

TEST_F(EngineTest, RangeGivesMatrixSortedByLabels) {
  ASSERT_OK_AND_ASSIGN(QueryResult result, Range("sort_desc(m) > 4"));
  const auto& series = std::get<MatrixResult>(result.value);
  ASSERT_EQ(series.size(), 2u);
  EXPECT_EQ(series[0].labels.Get("k"), "a");
  EXPECT_EQ(series[0].samples.times_ms.front(), 3 * kMinuteMs);
  EXPECT_EQ(series[1].samples.values.size(), 6u);
  ASSERT_OK_AND_ASSIGN(QueryResult scalar, Range("3"));
  EXPECT_EQ(std::get<MatrixResult>(scalar.value)[0].samples.values.size(), 11u);
}

TEST_F(EngineTest, RangeRefusesOtherTypes) {
  EXPECT_THAT(Range("m[5m]"),
              StatusIs(StatusCode::kInvalidArgument,
                       "invalid expression type \"range vector\" for range query, must be Scalar "
                       "or instant Vector"));
  EXPECT_THAT(Range("'x'"), StatusIs(StatusCode::kInvalidArgument, HasSubstr("\"string\"")));
}

TEST_F(EngineTest, QueryErrorsAreInvalidArguments) {
  EXPECT_THAT(Instant("m +"), StatusIs(StatusCode::kInvalidArgument, HasSubstr("parse error")));
  const Engine engine{EngineOptions{}};
  EXPECT_THAT(engine.Range(source_, "m", 0, 10, 0), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(engine.Range(source_, "m", 10, 0, 1), StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(EngineTest, DataErrorsAreFailedPreconditions) {
  EXPECT_THAT(Instant("m * on() m"), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(Instant("start_timestamp(m)"), StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(EngineTest, PointsAreLimited) {
  const Engine engine{EngineOptions{}};
  EXPECT_OK(engine.Range(source_, "1", 0, 11'000, 1));
  EXPECT_THAT(engine.Range(source_, "1", 0, 11'001, 1),
              StatusIs(StatusCode::kInvalidArgument,
                       "exceeded maximum resolution of 11,000 points per timeseries. Try "
                       "decreasing the query resolution (?step=XX)"));
  EXPECT_THAT(engine.Range(source_, "1", INT64_MIN, INT64_MAX, 1),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(EngineTest, SamplesAreLimited) {
  EngineOptions options;
  options.max_samples = 40;
  EXPECT_OK(Range("m", options));
  EXPECT_THAT(Range("m + on(k) m", options),
              StatusIs(StatusCode::kResourceExhausted,
                       "query processing would load too many samples into memory in query "
                       "execution"));
  options.max_samples = 10;
  EXPECT_THAT(Instant("sum_over_time(m[1h])", options), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(Instant("m[1h]", options), StatusIs(StatusCode::kResourceExhausted));
}

TEST_F(EngineTest, LongLabelsCountAsSamples) {
  const std::string text(24'000, 'x');
  source_.AddFloat({{"__name__", "long"}, {"text", text}}, 10 * kMinuteMs, 1);
  EngineOptions options;
  options.max_samples = 3900;
  for (const char* const query : {"long", "last_over_time(long[1m])", "sum(long)"}) {
    EXPECT_THAT(Instant(query, options), StatusIs(StatusCode::kResourceExhausted)) << query;
  }
  options.max_samples = 4100;
  EXPECT_OK(Instant("sum(long)", options));
  EXPECT_OK(Instant("-(-(long))", options));
}

TEST_F(EngineTest, SeriesThatBecomeTheSameAreMerged) {
  for (int i = 0; i < 40; ++i) {
    source_.AddFloat({{"__name__", i % 2 == 0 ? "even" : "odd"}, {"pod", std::to_string(i / 2)}},
                     i % 2 == 0 ? 0 : 10 * kMinuteMs, i);
  }
  ASSERT_OK_AND_ASSIGN(QueryResult result, Range("-{__name__=~'even|odd'}"));
  const auto& series = std::get<MatrixResult>(result.value);
  ASSERT_EQ(series.size(), 20u);
  for (const auto& one : series) {
    const double even = 2 * std::stod(std::string(one.labels.Get("pod")));
    EXPECT_EQ(one.samples.values.front(), -even);
    EXPECT_EQ(one.samples.values.back(), -even - 1);
  }
}

TEST_F(EngineTest, GivesBackWhatItNoLongerHolds) {
  EngineOptions options;
  options.max_samples = 60;
  EXPECT_OK(Range("-(-(-(-(-(-(-m))))))", options));
}

TEST_F(EngineTest, HugeSubqueriesAreRefusedAtOnce) {
  EXPECT_THAT(Instant("count_over_time(vector(1)[290y:1ms])"),
              StatusIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(Instant("count_over_time((1 + vector(1))[10y:1s])"),
              StatusIs(StatusCode::kResourceExhausted));
}

TEST_F(EngineTest, Cancellation) {
  const std::atomic<bool> cancelled = true;
  QueryControl control;
  control.cancelled = &cancelled;
  EXPECT_THAT(Instant("m", {}, control),
              StatusIs(StatusCode::kCancelled, "query was canceled in expression evaluation"));
}

TEST_F(EngineTest, Timeout) {
  EngineOptions options;
  options.timeout_ms = -1;
  EXPECT_THAT(Instant("m", options),
              StatusIs(StatusCode::kDeadlineExceeded, "query timed out in expression evaluation"));
}

TEST_F(EngineTest, LookbackPerQuery) {
  QueryControl control;
  control.lookback_ms = 1000;
  const Engine engine{EngineOptions{}};
  ASSERT_OK_AND_ASSIGN(QueryResult result, engine.Instant(source_, "m", 59'000, control));
  EXPECT_TRUE(std::get<VectorResult>(result.value).empty());
}

TEST_F(EngineTest, ParsedExpressionsRunAsTheirText) {
  const std::string_view query = "rate(m[5m])";
  ASSERT_OK_AND_ASSIGN(const promql::ExprPtr expr, promql::ParseExpr(query));
  const Engine engine{EngineOptions{}};
  ASSERT_OK_AND_ASSIGN(QueryResult result,
                       engine.InstantExpr(source_, *expr, query, 10 * kMinuteMs));
  EXPECT_EQ(std::get<VectorResult>(result.value).size(), 2u);
  ASSERT_EQ(result.infos.size(), 1u);
  EXPECT_THAT(result.infos[0], HasSubstr("(1:6)"));
}

TEST_F(EngineTest, TimesAtTheEndsOfTheRange) {
  const Engine engine{EngineOptions{}};
  for (const int64_t t : {INT64_MIN, INT64_MAX}) {
    for (const char* query : {"m", "rate(m[5m])", "m offset 5m", "m offset -5m", "m[5m:1m]",
                              "year()", "count_over_time(m[5m] offset -1y)"}) {
      const absl::StatusOr<QueryResult> result = engine.Instant(source_, query, t);
      EXPECT_TRUE(result.ok()) << query << ": " << result.status();
    }
  }
}

// A source whose reads fail.
class BrokenSource final : public storage::MetricSource {
 public:
  class Querier final : public storage::MetricQuerier {
   public:
    absl::StatusOr<std::vector<storage::SeriesHandle>> Select(const std::vector<storage::Matcher>&,
                                                              TimeRange) override {
      return std::vector<storage::SeriesHandle>{{storage::SeriesRef{1}, {{"__name__", "m"}}}};
    }
    absl::Status Read(storage::SeriesRef, TimeRange, storage::SampleColumns*) override {
      return absl::DataLossError("block 7");
    }
    absl::StatusOr<std::vector<std::string>> LabelNames(const std::vector<storage::Matcher>&,
                                                        TimeRange) override {
      return absl::UnimplementedError("");
    }
    absl::StatusOr<std::vector<std::string>> LabelValues(const std::string&,
                                                         const std::vector<storage::Matcher>&,
                                                         TimeRange) override {
      return absl::UnimplementedError("");
    }
  };
  std::unique_ptr<storage::MetricQuerier> NewQuerier() override {
    return std::make_unique<Querier>();
  }
};

TEST_F(EngineTest, StorageErrorsKeepTheirCode) {
  BrokenSource broken;
  const Engine engine{EngineOptions{}};
  for (const char* query : {"m", "rate(m[5m])"}) {
    EXPECT_THAT(engine.Instant(broken, query, 0),
                StatusIs(StatusCode::kDataLoss, "expanding series: block 7"));
  }
}

}  // namespace
}  // namespace vigil::exec
