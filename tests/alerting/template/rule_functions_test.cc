// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/rule_functions.h"

#include <string>

#include <gtest/gtest.h>

#include "base/strings.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/text_test.h"

namespace vigil::text_template {
namespace {

// "a=1,b=2" as labels.
storage::Labels ParseLabels(std::string_view text) {
  storage::LabelsBuilder labels;
  for (const std::string_view pair : Split(text, ',')) {
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos) {
      labels.Set(pair.substr(0, equals), pair.substr(equals + 1));
    }
  }
  return labels.Build();
}

// Two series for every query, none for "none", an error for "error".
absl::StatusOr<std::vector<QuerySample>> TestQuery(const std::string& query) {
  if (query == "none") return std::vector<QuerySample>();
  if (query == "error") return absl::FailedPreconditionError("the query failed");
  return std::vector<QuerySample>{
      {storage::Labels({{"__name__", "m"}, {"instance", "b"}, {"__value__", "str"}}), 11},
      {storage::Labels({{"__name__", "m"}, {"instance", "a"}}), 21}};
}

std::string Expand(const ::vigil::testing::TextCase& text_case) {
  const absl::StatusOr<Template> parsed = ParseRuleTemplate("t", text_case.input);
  if (!parsed.ok()) return "mistake: " + std::string(MessageOf(parsed.status()));
  RuleExpander expander({.now_ms = 1'435'065'584'128,
                         .external_url = "http://vigil:9090/sub/path",
                         .external_labels = storage::Labels({{"cluster", "c1"}}),
                         .query = TestQuery});
  double value = 0;
  EXPECT_TRUE(ParseDouble(text_case.Arg("value", "5"), &value)) << text_case.location;
  const std::string labels = text_case.Arg("labels", "instance=host-1:9100,job=node");
  expander.SetElement(ParseLabels(labels), value, nullptr);
  return expander.Expand(*parsed);
}

TEST(RuleFunctionsTest, Script) {
  ::vigil::testing::RunTextScript("tests/alerting/template/testdata/rule_functions.txt", Expand);
}

TEST(RuleFunctionsTest, HistogramsPrintTheirBuckets) {
  storage::Histogram histogram;
  histogram.schema = 0;
  histogram.count = 7;
  histogram.sum = 12.5;
  histogram.zero_threshold = 0.001;
  histogram.zero_count = 1;
  histogram.positive_spans = {{0, 2}, {1, 1}};
  histogram.positive_counts = {2, 0, 3};
  histogram.negative_spans = {{1, 1}};
  histogram.negative_counts = {1};
  RuleExpander expander({});
  expander.SetElement({}, 0, &histogram);
  ASSERT_OK_AND_ASSIGN(const Template parsed,
                       ParseRuleTemplate("t", "{{ $value }} {{ $value.Count }} {{ .Value.Sum }}"));
  EXPECT_EQ(expander.Expand(parsed),
            "{count:7, sum:12.5, [-2,-1):1, [-0.001,0.001]:1, (0.5,1]:2, (4,8]:3} 7 12.5");
}

}  // namespace
}  // namespace vigil::text_template
