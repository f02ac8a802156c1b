// SPDX-License-Identifier: Apache-2.0
#include "server/api/metadata_api.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/promql/parser.h"
#include "tests/server/api/api_harness.h"
#include "tests/testing/status_matchers.h"

namespace vigil::server {
namespace {

using testing::ApiHarness;
using ::testing::HasSubstr;
using testing::kStartMs;
using ::testing::StartsWith;

class MetadataApiTest : public ::testing::Test {
 protected:
  void Describe(std::string_view metric, const storage::MetricMetadata& metadata) {
    harness_.Add(metric, 0, 1);
    ASSERT_OK(
        harness_.store().storage().SetMetricMetadata(storage::kDefaultTenant, metric, metadata));
  }
  void AddExemplar(std::string_view series, int64_t time_ms, double value,
                   std::string_view trace_id) {
    storage::Storage& storage = harness_.store().storage();
    const storage::SeriesRef ref =
        storage.GetOrCreateSeries(storage::kDefaultTenant, promql::ParseSeries(series).value(), {})
            .value();
    storage::MetricBatch batch;
    batch.Add(ref, time_ms, value);
    batch.exemplars.push_back({ref, {time_ms, value, storage::Labels{{"trace_id", trace_id}}}});
    ASSERT_OK(storage.WriteMetrics(storage::kDefaultTenant, batch, {}));
  }

  ApiHarness harness_;
};

TEST_F(MetadataApiTest, Metadata) {
  Describe("b_total", {storage::MetricType::kCounter, "", "Count <b>."});
  Describe("a_seconds", {storage::MetricType::kGauge, "seconds", "Time."});
  const std::string a = R"("a_seconds":[{"type":"gauge","unit":"seconds","help":"Time."}])";
  const std::string b = R"("b_total":[{"type":"counter","unit":"","help":"Count \u003cb\u003e."}])";
  EXPECT_EQ(harness_.Ask(ListMetadata, "/api/v1/metadata"), "{" + a + "," + b + "}");
  EXPECT_EQ(harness_.Ask(ListMetadata, "/api/v1/metadata?metric=b_total"), "{" + b + "}");
  EXPECT_EQ(harness_.Ask(ListMetadata, "/api/v1/metadata?limit=1"), "{" + a + "}");
  EXPECT_EQ(harness_.Ask(ListMetadata, "/api/v1/metadata?limit=0"), "{}");
  EXPECT_EQ(harness_.Ask(ListMetadata, "/api/v1/metadata?limit=-1&limit_per_metric=0"),
            "{" + a + "," + b + "}");
  EXPECT_EQ(harness_.Ask(ListMetadata, "/api/v1/metadata?metric=none"), "{}");
  EXPECT_THAT(harness_.Ask(ListMetadata, "/api/v1/metadata?limit=x"),
              HasSubstr(R"("limit must be a number")"));
  EXPECT_THAT(harness_.Ask(ListMetadata, "/api/v1/metadata?limit_per_metric=x"),
              HasSubstr(R"("limit_per_metric must be a number")"));
}

TEST_F(MetadataApiTest, AHistogramIsOneMetric) {
  using storage::MetricType;
  for (const std::string part : {"_bucket", "_count", "_sum"}) {
    Describe("rt_seconds" + part, {MetricType::kHistogram, "seconds", "Time."});
  }
  for (const std::string part : {"", "_count", "_sum"}) {
    Describe("size" + part, {MetricType::kSummary, "", ""});
  }
  Describe("word_count", {MetricType::kHistogram, "", "A native histogram."});
  Describe("jobs_count", {MetricType::kGauge, "", ""});
  const std::string jobs = R"("jobs_count":[{"type":"gauge","unit":"","help":""}])";
  const std::string rt = R"("rt_seconds":[{"type":"histogram","unit":"seconds","help":"Time."}])";
  const std::string size = R"("size":[{"type":"summary","unit":"","help":""}])";
  const std::string word =
      R"("word_count":[{"type":"histogram","unit":"","help":"A native histogram."}])";
  EXPECT_EQ(harness_.Ask(ListMetadata, "/api/v1/metadata"),
            "{" + jobs + "," + rt + "," + size + "," + word + "}");
  EXPECT_EQ(harness_.Ask(ListMetadata, "/api/v1/metadata?metric=rt_seconds"), "{" + rt + "}");
  EXPECT_EQ(harness_.Ask(ListMetadata, "/api/v1/metadata?metric=rt_seconds_sum"), "{}");
}

TEST_F(MetadataApiTest, OneNameMayHaveTwoTypes) {
  Describe("x", {storage::MetricType::kGauge, "", "Now."});
  Describe("x_bucket", {storage::MetricType::kHistogram, "", "Over time."});
  Describe("x_count", {storage::MetricType::kHistogram, "", "Over time."});
  const std::string gauge = R"({"type":"gauge","unit":"","help":"Now."})";
  const std::string histogram = R"({"type":"histogram","unit":"","help":"Over time."})";
  EXPECT_EQ(harness_.Ask(ListMetadata, "/api/v1/metadata"),
            R"({"x":[)" + gauge + "," + histogram + "]}");
  EXPECT_EQ(harness_.Ask(ListMetadata, "/api/v1/metadata?limit_per_metric=1"),
            R"({"x":[)" + gauge + "]}");
}

TEST_F(MetadataApiTest, Exemplars) {
  AddExemplar(R"(h_bucket{le="1"})", kStartMs, 0.5, "a1");
  AddExemplar(R"(h_bucket{le="1"})", kStartMs + 1250, 0.75, "a2");
  AddExemplar("other", kStartMs, 6, "b1");
  const std::string first = R"({"labels":{"trace_id":"a1"},"value":"0.5","timestamp":1767323045})";
  const std::string second =
      R"({"labels":{"trace_id":"a2"},"value":"0.75","timestamp":1767323046.250})";
  const std::string series = R"({"seriesLabels":{"__name__":"h_bucket","le":"1"},"exemplars":[)";
  EXPECT_EQ(harness_.Ask(QueryExemplars,
                         "/api/v1/query_exemplars?query=histogram_quantile(0.9,rate(h_bucket[5m]))"
                         "%2Bh_bucket"),
            "[" + series + first + "," + second + "]}]");
  EXPECT_EQ(harness_.Ask(QueryExemplars,
                         "/api/v1/query_exemplars?query=h_bucket&start=1767323046&end=1767323050"),
            "[" + series + second + "]}]");
  EXPECT_EQ(harness_.Ask(QueryExemplars, "/api/v1/query_exemplars?query=none"), "[]");
}

TEST_F(MetadataApiTest, ExemplarsThatCannotBeAskedFor) {
  EXPECT_EQ(harness_.Ask(QueryExemplars, "/api/v1/query_exemplars?query=1"), "204 ");
  EXPECT_THAT(harness_.Ask(QueryExemplars, "/api/v1/query_exemplars?query=up("),
              StartsWith(R"(400 {"status":"error","errorType":"bad_data","error":"1:)"));
  EXPECT_THAT(harness_.Ask(QueryExemplars, "/api/v1/query_exemplars?query=up&start=5&end=3"),
              HasSubstr(R"("end timestamp must not be before start timestamp")"));
}

}  // namespace
}  // namespace vigil::server
