// SPDX-License-Identifier: Apache-2.0
#include "cli/query_output.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kTimeMs = 1'767'323'045'678;

void AddLabel(const char* name, const char* value,
              google::protobuf::RepeatedPtrField<v1::Label>* to) {
  v1::Label* const label = to->Add();
  label->set_name(name);
  label->set_value(value);
}

v1::QueryResponse AVector() {
  v1::QueryResponse response;
  v1::VectorElement* element = response.mutable_vector()->add_elements();
  AddLabel("__name__", "up", element->mutable_labels());
  AddLabel("job", "a, \"b\"", element->mutable_labels());
  element->set_time_ms(kTimeMs);
  element->set_value(0.5);
  element = response.mutable_vector()->add_elements();
  AddLabel("zone", "eu", element->mutable_labels());
  element->set_time_ms(kTimeMs);
  v1::HistogramValue* const histogram = element->mutable_histogram();
  histogram->set_count(2);
  histogram->set_sum(3);
  v1::HistogramBucket* const bucket = histogram->add_buckets();
  bucket->set_lower(1);
  bucket->set_upper(2);
  bucket->set_count(2);
  return response;
}

v1::QueryResponse AMatrix(const char* metric) {
  v1::QueryResponse response;
  v1::MatrixSeries* const series = response.mutable_matrix()->add_series();
  if (*metric != '\0') AddLabel("__name__", metric, series->mutable_labels());
  for (int i = 0; i < 3; ++i) {
    series->add_times_ms(kTimeMs + i * 1000);
    series->add_values(i * 1024);
  }
  return response;
}

std::string Printed(const v1::QueryResponse& response, OutputFormat format) {
  return Render(AnswerOf(response), format, {});
}

TEST(QueryOutputTest, VectorsInEachForm) {
  EXPECT_EQ(Printed(AVector(), OutputFormat::kJson),
            "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":["
            "{\"metric\":{\"__name__\":\"up\",\"job\":\"a, \\\"b\\\"\"},"
            "\"value\":[1767323045.678,\"0.5\"]},"
            "{\"metric\":{\"zone\":\"eu\"},\"histogram\":[1767323045.678,"
            "{\"count\":\"2\",\"sum\":\"3\",\"buckets\":[[0,\"1\",\"2\",\"2\"]]}]}]}}\n");
  EXPECT_EQ(Printed(AVector(), OutputFormat::kCsv),
            "metric,job,zone,value\r\n"
            "up,\"a, \"\"b\"\"\",,0.5\r\n"
            ",,eu,\"{count:2, sum:3, (1,2]:2}\"\r\n");
}

TEST(QueryOutputTest, EmptyAnswersSaySoToPeople) {
  v1::QueryResponse vector;
  vector.mutable_vector();
  EXPECT_EQ(Printed(vector, OutputFormat::kTable), "no data at this time\n");
  EXPECT_EQ(Printed(vector, OutputFormat::kCsv), "value\r\n");
  v1::QueryResponse matrix;
  matrix.mutable_matrix();
  EXPECT_EQ(Printed(matrix, OutputFormat::kTable), "no data in this range\n");
  EXPECT_EQ(PlotResult(matrix, "x", {}), "no data in this range\n");
}

TEST(QueryOutputTest, ChartsGoByTheNameOfTheMetric) {
  EXPECT_EQ(GuessUnit(AMatrix("memory_bytes"), "memory_bytes"), PlotUnit::kBytes);
  EXPECT_EQ(GuessUnit(AMatrix("x"), "x"), PlotUnit::kNone);
  EXPECT_EQ(GuessUnit(AMatrix(""), "histogram_quantile(0.5, rt_seconds_bucket)"),
            PlotUnit::kSeconds);
  v1::QueryResponse mixed = AMatrix("a_bytes");
  *mixed.mutable_matrix()->add_series() = AMatrix("b_seconds").matrix().series(0);
  EXPECT_EQ(GuessUnit(mixed, "x"), PlotUnit::kNone);
}

TEST(QueryOutputTest, ASeriesWithoutLabelsIsCalledByTheQuery) {
  PlotOptions options;
  options.start_ms = kTimeMs;
  options.end_ms = kTimeMs + 2000;
  EXPECT_THAT(PlotResult(AMatrix(""), "sum(x)", options), HasSubstr("sum(x)"));
  EXPECT_THAT(PlotResult(AMatrix("up"), "sum(x)", options), Not(HasSubstr("sum(x)")));
}

TEST(QueryOutputTest, HistogramsHaveNoLine) {
  v1::QueryResponse response = AMatrix("up");
  v1::MatrixSeries* const series = response.mutable_matrix()->add_series();
  series->add_histogram_times_ms(kTimeMs);
  series->add_histograms()->set_count(1);
  PlotOptions options;
  options.start_ms = kTimeMs;
  options.end_ms = kTimeMs + 2000;
  EXPECT_THAT(PlotResult(response, "x", options), HasSubstr("1 series are native histograms"));
}

}  // namespace
}  // namespace vigil::cli
