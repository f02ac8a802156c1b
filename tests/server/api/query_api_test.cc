// SPDX-License-Identifier: Apache-2.0
#include "server/api/query_api.h"

#include <atomic>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/query_json.h"
#include "tests/server/api/api_harness.h"

namespace vigil::server {
namespace {

using ::testing::AllOf;
using testing::ApiHarness;
using ::testing::HasSubstr;
using testing::kStartMs;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kBadData = R"(400 {"status":"error","errorType":"bad_data","error":")";

// What both kinds of query are asked about.
class QueryApiTest : public ::testing::Test {
 protected:
  QueryApiTest() {
    harness_.Add(R"(m{job="a<b"})", 0, 1);
    harness_.Add(R"(m{job="a<b"})", 10, 2.5);
    harness_.Add(R"(m{job="c"})", 0, 3e21);
  }

  std::string Instant(std::string_view parameters) {
    return harness_.Ask(InstantQuery, fmt::format("/api/v1/query?{}", parameters));
  }
  std::string Range(std::string_view parameters) {
    return harness_.Ask(RangeQuery, fmt::format("/api/v1/query_range?{}", parameters));
  }

  ApiHarness harness_;
};

TEST_F(QueryApiTest, Vectors) {
  EXPECT_EQ(Instant("query=m&time=1767323055.5"),
            R"({"resultType":"vector","result":[)"
            R"({"metric":{"__name__":"m","job":"a<b"},"value":[1767323055.500,"2.5"]},)"
            R"({"metric":{"__name__":"m","job":"c"},"value":[1767323055.500,"3e+21"]}]})");
  EXPECT_EQ(Instant("query=none"), R"({"resultType":"vector","result":[]})");
  EXPECT_EQ(Instant("query=vector(1)"),
            R"({"resultType":"vector","result":[{"metric":{},"value":[1767323045,"1"]}]})")
      << "the time is now";
}

TEST_F(QueryApiTest, OtherTypes) {
  EXPECT_EQ(Instant("query=1e30&time=5.08"),
            R"({"resultType":"scalar","result":[5.08,"1000000000000000000000000000000"]})");
  EXPECT_EQ(Instant("query=-Inf&time=1"), R"({"resultType":"scalar","result":[1,"-Inf"]})");
  EXPECT_EQ(Instant("query=%22a%3Cb%22&time=1"),
            R"({"resultType":"string","result":[1,"a\u003cb"]})");
  EXPECT_EQ(Instant("query=m%7Bjob%3D%22a%3Cb%22%7D%5B1m%5D&time=2026-01-02T03:04:15Z"),
            R"({"resultType":"matrix","result":[{"metric":{"__name__":"m","job":"a<b"},)"
            R"("values":[[1767323045,"1"],[1767323055,"2.5"]]}]})");
}

TEST_F(QueryApiTest, Histograms) {
  storage::Histogram histogram;
  histogram.count = 6;
  histogram.sum = 3.5;
  histogram.zero_count = 1;
  histogram.zero_threshold = 0.25;
  histogram.positive_spans = {{0, 2}};
  histogram.positive_counts = {2, 0};
  histogram.negative_spans = {{1, 1}};
  histogram.negative_counts = {3};
  harness_.AddHistogram("h", 0, histogram);
  harness_.AddHistogram("empty", 0, storage::Histogram());
  const std::string value = R"([1767323045,{"count":"6","sum":"3.5","buckets":[[1,"-2","-1","3"],)"
                            R"([3,"-0.25","0.25","1"],[0,"0.5","1","2"]]}])";
  EXPECT_EQ(Instant("query=h"), R"({"resultType":"vector","result":[{"metric":{"__name__":"h"},)"
                                R"("histogram":)" +
                                    value + "}]}");
  EXPECT_EQ(Range("query=h&start=1767323045&end=1767323045&step=1"),
            R"({"resultType":"matrix","result":[{"metric":{"__name__":"h"},"histograms":[)" +
                value + "]}]}");
  EXPECT_THAT(Instant("query=empty"), HasSubstr(R"({"count":"0","sum":"0"}])"));
}

TEST_F(QueryApiTest, Ranges) {
  EXPECT_EQ(Range("query=m%7Bjob%3D%22a%3Cb%22%7D&start=1767323045&end=1767323055.9&step=5s"),
            R"({"resultType":"matrix","result":[{"metric":{"__name__":"m","job":"a<b"},)"
            R"("values":[[1767323045,"1"],[1767323050,"1"],[1767323055,"2.5"]]}]})");
  EXPECT_EQ(Range("query=1&start=2&end=3&step=0.5"),
            R"({"resultType":"matrix","result":[{"metric":{},)"
            R"("values":[[2,"1"],[2.500,"1"],[3,"1"]]}]})");
  EXPECT_EQ(Range("query=none&start=2&end=3&step=1"), R"({"resultType":"matrix","result":[]})");
}

TEST_F(QueryApiTest, FormsAreRead) {
  EXPECT_EQ(harness_.Ask(InstantQuery, ApiHarness::Post("/api/v1/query?query=1&time=5")),
            R"({"resultType":"scalar","result":[5,"1"]})");
  HttpRequest both = ApiHarness::Post("/api/v1/query?query=1");
  both.parameters = {{"query", "2"}, {"time", "6"}};
  EXPECT_EQ(harness_.Ask(InstantQuery, both), R"({"resultType":"scalar","result":[6,"1"]})")
      << "the body goes before the URL";
}

TEST_F(QueryApiTest, LimitsCutAndSaySo) {
  EXPECT_THAT(Instant("query=m&limit=1"),
              HasSubstr(R"("value":[1767323045,"1"]}]},)"
                        R"("warnings":["results truncated due to limit"]})"));
  EXPECT_THAT(Instant("query=m&limit=2"), Not(HasSubstr("warnings")));
  EXPECT_THAT(Range("query=m&start=1767323045&end=1767323046&step=1&limit=1"),
              HasSubstr("truncated"));
}

TEST_F(QueryApiTest, ParametersThatAreWrong) {
  const auto bad = [](std::string_view error) { return fmt::format("{}{}\"}}", kBadData, error); };
  EXPECT_EQ(Instant("query=m&time=foo"),
            bad(R"(invalid parameter \"time\": invalid time value for 'time': cannot parse )"
                R"(\"foo\" to a valid timestamp)"));
  EXPECT_EQ(Instant("query=m&limit=-1"),
            bad(R"(invalid parameter \"limit\": limit must be non-negative)"));
  EXPECT_EQ(Instant("query=m&limit=a"),
            bad(R"(invalid parameter \"limit\": strconv.Atoi: parsing \"a\": invalid syntax)"));
  EXPECT_EQ(Instant("query=m&timeout=x&lookback_delta=y"),
            bad(R"(invalid parameter \"timeout\": cannot parse \"x\" to a valid duration)"));
  EXPECT_EQ(Instant("query=m&timeout=0"),
            bad(R"(invalid parameter \"query\": context deadline exceeded)"));
  EXPECT_EQ(
      Instant("query=m&lookback_delta=y"),
      bad(R"(error parsing lookback delta duration: cannot parse \"y\" to a valid duration)"));
  EXPECT_THAT(Instant("query=sum(m"),
              StartsWith(std::string(kBadData) + R"(invalid parameter \"query\": 1:)"));
  EXPECT_THAT(Instant(""), StartsWith(std::string(kBadData) + R"(invalid parameter \"query\": )"));
}

TEST_F(QueryApiTest, RangesThatAreWrong) {
  const auto bad = [](std::string_view error) { return fmt::format("{}{}\"}}", kBadData, error); };
  EXPECT_EQ(Range("query=1"),
            bad(R"(invalid parameter \"start\": cannot parse \"\" to a valid timestamp)"));
  EXPECT_EQ(Range("query=1&start=1&end=x"),
            bad(R"(invalid parameter \"end\": cannot parse \"x\" to a valid timestamp)"));
  EXPECT_EQ(Range("query=1&start=2&end=1"),
            bad(R"(invalid parameter \"end\": end timestamp must not be before start time)"));
  EXPECT_EQ(Range("query=1&start=1&end=2&step=0"),
            bad(R"(invalid parameter \"step\": zero or negative query resolution step widths are )"
                R"(not accepted. Try a positive integer)"));
  EXPECT_EQ(Range("query=1&start=1&end=2&step=1e30"),
            bad(R"(invalid parameter \"step\": cannot parse \"1e30\" to a valid duration. It )"
                R"(overflows int64)"));
  const std::string too_many =
      bad("exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query "
          "resolution (?step=XX)");
  EXPECT_EQ(Range("query=1&start=2&end=11003&step=1s"), too_many);
  EXPECT_EQ(Range("query=1&start=2&end=30&step=1e-9"), too_many);
  EXPECT_THAT(Range("query=1&start=2&end=11002&step=1s"), StartsWith("{\"resultType\""));
  EXPECT_EQ(Range("query=m[5m]&start=2&end=3&step=1"),
            bad(R"(invalid parameter \"query\": invalid expression type \"range vector\" for )"
                R"(range query, must be Scalar or instant Vector)"));
}

TEST_F(QueryApiTest, WhatFailsWhenItRuns) {
  EXPECT_THAT(Instant("query=m+*+on()+m"),
              StartsWith(R"(422 {"status":"error","errorType":"execution","error":")"));
  EXPECT_THAT(Instant("query=label_replace(m,%22a%22,%22b%22,%22c%22,%22(%22)"),
              StartsWith(R"(422 {"status":"error","errorType":"execution","error":")"));
  ApiHarness tight({.max_samples = 1});
  tight.Add("x", 0, 1);
  tight.Add("y", 0, 1);
  EXPECT_THAT(
      tight.Ask(InstantQuery, "/api/v1/query?query={__name__=~%22x|y%22}"),
      ::testing::AllOf(StartsWith(R"(422 {"status":"error","errorType":"execution","error":")"),
                       ::testing::HasSubstr("query processing would load too many")));
}

TEST_F(QueryApiTest, AClientThatHasGoneEndsTheQuery) {
  const std::atomic<bool> gone{true};
  HttpRequest request = ApiHarness::Get("/api/v1/query?query=m");
  request.cancelled = &gone;
  EXPECT_THAT(harness_.Ask(InstantQuery, request),
              StartsWith(R"(499 {"status":"error","errorType":"canceled")"));
}

TEST_F(QueryApiTest, AClosedGateSendsAway) {
  harness_.parts().gate->Close();
  EXPECT_THAT(Instant("query=m"), StartsWith(R"(503 {"status":"error","errorType":"unavailable")"));
}

TEST_F(QueryApiTest, TenantsAreApart) {
  harness_.Add("m", 0, 7, "other");
  HttpRequest request = ApiHarness::Get("/api/v1/query?query=m");
  request.headers["x-scope-orgid"] = "other";
  EXPECT_THAT(harness_.Ask(InstantQuery, request), HasSubstr(R"("7"]}]})"));
  request.headers["x-scope-orgid"] = "nobody";
  EXPECT_EQ(harness_.Ask(InstantQuery, request), R"({"resultType":"vector","result":[]})");
  request.headers["x-scope-orgid"] = "no/name";
  EXPECT_THAT(harness_.Ask(InstantQuery, request), StartsWith(kBadData));
}

TEST_F(QueryApiTest, StatisticsWhenAskedFor) {
  EXPECT_THAT(Instant("query=m&stats=all"),
              AllOf(HasSubstr(R"(],"stats":{"timings":{"evalTotalTime":)"),
                    HasSubstr(R"("execTotalTime":)")));
  EXPECT_THAT(Instant("query=m&stats="), Not(HasSubstr("stats")));
}

// What Prometheus counts for the same.
TEST_F(QueryApiTest, SamplesAreCountedByStep) {
  for (int i = 0; i < 21; ++i) {
    harness_.Add("c{i=\"0\"}", i * 15 - 300, i);
    harness_.Add("c{i=\"1\"}", i * 15 - 300, i);
    if (i % 2 == 0) harness_.Add("c{i=\"2\"}", i * 15 - 300, i);
  }
  storage::Histogram histogram;
  histogram.positive_spans = {{1, 2}, {2, 1}};
  histogram.positive_counts = {1, 1, 2};
  histogram.count = 4;
  harness_.AddHistogram("nh", -1, histogram);
  const auto counted = [this](const char* query) {
    const std::string text = Instant(std::string("query=") + query + "&stats=true");
    EXPECT_THAT(text, Not(HasSubstr("PerStep")));
    const std::string_view key = "\"totalQueryableSamples\":";
    return std::stoi(text.substr(text.find(key) + key.size()));
  };
  EXPECT_EQ(counted("c"), 3);
  EXPECT_EQ(counted("c[1m]"), 10);
  EXPECT_EQ(counted("sum(rate(c[1m]))"), 10);
  EXPECT_EQ(counted("nh"), 13);
  EXPECT_EQ(counted("histogram_count(rate(nh[1m]))"), 13);
  EXPECT_EQ(counted("c%2Bc"), 6);
  EXPECT_EQ(counted("sum_over_time(c[1m:15s])"), 12);
  EXPECT_EQ(counted("sum_over_time(sum(c)[1m:15s])"), 4);
  EXPECT_EQ(counted("max_over_time(rate(c[1m])[1m:15s])"), 12);
  EXPECT_EQ(counted("absent_over_time(c[1m])"), 10);
  EXPECT_EQ(counted("vector(time())"), 0);
  const std::string url =
      "/?query=rate(c[1m] @ 1767323045)&start=1767322985&end=1767323045&step=30";
  EXPECT_THAT(harness_.Ask(RangeQuery, url + "&stats=all"),
              AllOf(HasSubstr(R"("samples":{"totalQueryableSamples":30,"samplesRead":10,)"),
                    HasSubstr(R"("totalQueryableSamplesPerStep":[[1767322985,10],)"
                              R"([1767323015,10],[1767323045,10]])")));
}

TEST_F(QueryApiTest, LargeAnswersComeInPieces) {
  exec::MatrixResult matrix;
  for (int i = 0; i < 50; ++i) {
    exec::SeriesResult& series = matrix.emplace_back();
    series.labels = storage::Labels{{"i", std::to_string(i)}};
    for (int step = 0; step < 1000; ++step) {
      series.samples.times_ms.push_back(kStartMs + step);
      series.samples.values.push_back(step);
    }
  }
  HttpResponse response = ResultResponse({matrix, {}, {}}, "", {{"careful"}, {}});
  ASSERT_NE(response.rest, nullptr);
  EXPECT_LT(response.body.size(), 2 * kPieceBytes);
  const std::string body = testing::BodyOf(std::move(response));
  EXPECT_GT(body.size(), 3 * kPieceBytes);
  EXPECT_THAT(body, StartsWith(R"({"status":"success","data":{"resultType":"matrix","result":[)"));
  EXPECT_TRUE(body.ends_with(R"("999"]]}]},"warnings":["careful"]})"));
  EXPECT_THAT(body, HasSubstr(R"("999"]]},{"metric":{"i":"1"},"values":[[)"));
}

}  // namespace
}  // namespace vigil::server
