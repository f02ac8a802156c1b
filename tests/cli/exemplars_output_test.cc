// SPDX-License-Identifier: Apache-2.0
#include "cli/exemplars_output.h"

#include <string>

#include <gtest/gtest.h>

namespace vigil::cli {
namespace {

v1::ExemplarsResponse TwoSeries() {
  v1::ExemplarsResponse response;
  const auto add_label = [](const char* name, const char* value, auto* labels) {
    v1::Label* const label = labels->Add();
    label->set_name(name);
    label->set_value(value);
  };
  v1::ExemplarSeries* series = response.add_series();
  add_label("__name__", "rt_bucket", series->mutable_labels());
  add_label("le", "1.0", series->mutable_labels());
  v1::ExemplarValue* exemplar = series->add_exemplars();
  add_label("span_id", "12", exemplar->mutable_labels());
  add_label("trace_id", "ab", exemplar->mutable_labels());
  add_label("user", "x", exemplar->mutable_labels());
  exemplar->set_value(0.5);
  exemplar->set_time_ms(1'767'323'045'678);
  series = response.add_series();
  add_label("__name__", "up", series->mutable_labels());
  exemplar = series->add_exemplars();
  exemplar->set_value(6);
  exemplar->set_time_ms(1'767'323'045'000);
  return response;
}

std::string Printed(const v1::ExemplarsResponse& response, OutputFormat format) {
  return Render(AnswerOf(response), format, {});
}

TEST(ExemplarsOutputTest, JsonHasTheShapeOfPrometheus) {
  EXPECT_EQ(Printed(TwoSeries(), OutputFormat::kJson),
            "{\"status\":\"success\",\"data\":["
            "{\"seriesLabels\":{\"__name__\":\"rt_bucket\",\"le\":\"1.0\"},\"exemplars\":["
            "{\"labels\":{\"span_id\":\"12\",\"trace_id\":\"ab\",\"user\":\"x\"},"
            "\"value\":\"0.5\",\"timestamp\":1767323045.678}]},"
            "{\"seriesLabels\":{\"__name__\":\"up\"},\"exemplars\":["
            "{\"labels\":{},\"value\":\"6\",\"timestamp\":1767323045}]}]}\n");
  EXPECT_EQ(Printed({}, OutputFormat::kJson), "{\"status\":\"success\",\"data\":[]}\n");
}

TEST(ExemplarsOutputTest, CsvHasALineForEach) {
  EXPECT_EQ(Printed(TwoSeries(), OutputFormat::kCsv),
            "time,value,trace,span,labels,series\r\n"
            "2026-01-02T03:04:05.678Z,0.5,ab,12,\"user=\"\"x\"\"\","
            "\"rt_bucket{le=\"\"1.0\"\"}\"\r\n"
            "2026-01-02T03:04:05.000Z,6,,,,up\r\n");
}

}  // namespace
}  // namespace vigil::cli
