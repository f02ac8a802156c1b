// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/rule_test_file.h"

#include <exception>
#include <utility>

#include <fmt/format.h>

#include "alerting/replay/test_fields.h"
#include "alerting/rules/yaml_fields.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

// Reads one file; every mistake goes to the list and reading goes on.
class RuleTestFileReader {
 public:
  explicit RuleTestFileReader(std::string_view path) : mistakes_(path) { file_.path = path; }

  absl::StatusOr<RuleTestFile> Read(std::string_view yaml) {
    const YAML::Node root = LoadYaml(yaml, &mistakes_);
    if (mistakes_.empty()) ReadRoot(root);
    VIGIL_RETURN_IF_ERROR(mistakes_.ToStatus());
    return std::move(file_);
  }

 private:
  void ReadRoot(const YAML::Node& root) {
    TestFields fields(
        root, "",
        {"rule_files", "evaluation_interval", "group_eval_order", "fuzzy_compare", "tests"},
        &mistakes_);
    fields.TextList("rule_files", &file_.rule_files);
    int64_t interval_ms = 0;
    fields.Duration("evaluation_interval", &interval_ms);
    if (interval_ms > 0) file_.evaluation_interval_ms = interval_ms;
    fields.Bool("fuzzy_compare", &file_.fuzzy_compare);
    ReadGroupOrder(&fields);
    size_t number = 0;
    fields.EachItem("tests", [&](const YAML::Node& node) { ReadTest(node, number++); });
  }

  void ReadGroupOrder(TestFields* fields) {
    fields->TextList("group_eval_order", &file_.group_order);
    StringSet seen;
    for (const std::string& group : file_.group_order) {
      if (seen.insert(group).second) continue;
      fields->Mistake("group_eval_order",
                      fmt::format("group name repeated in evaluation order: {}", group));
    }
  }

  void ReadTest(const YAML::Node& node, size_t number) {
    RuleTest test;
    const std::string context = fmt::format("test {}", number + 1);
    TestFields fields(
        node, context,
        {"name", "interval", "start_timestamp", "external_labels", "external_url", "input_series",
         "alert_rule_test", "promql_expr_test", "input_logs", "input_spans"},
        &mistakes_);
    test.place = fields.place();
    fields.Text("name", &test.name);
    if (test.name.empty()) test.name = fmt::format("unnamed#{}", number);
    fields.Duration("interval", &test.interval_ms);
    if (test.interval_ms <= 0) test.interval_ms = file_.evaluation_interval_ms;
    fields.Instant("start_timestamp", &test.start_ms);
    fields.TextPairs("external_labels", &test.external_labels);
    fields.Text("external_url", &test.external_url);
    for (const std::string_view input : {"input_logs", "input_spans"}) {
      // The keys are there for the day when rules read more than metrics.
      if (!fields.Has(input)) continue;
      fields.Mistake(input, fmt::format("\"{}\" is not supported: all rules are over metrics, "
                                        "which \"input_series\" gives",
                                        input));
    }
    fields.EachItem("input_series",
                    [&](const YAML::Node& item) { ReadSeries(item, context, &test.series); });
    fields.EachItem("alert_rule_test", [&](const YAML::Node& item) {
      ReadAlertTest(item, context, &test.alert_tests);
    });
    fields.EachItem("promql_expr_test",
                    [&](const YAML::Node& item) { ReadExprTest(item, context, &test.expr_tests); });
    file_.tests.push_back(std::move(test));
  }

  void ReadSeries(const YAML::Node& node, std::string_view test, std::vector<TestSeries>* all) {
    TestFields fields(node, fmt::format("{}, series {}", test, all->size() + 1),
                      {"series", "values"}, &mistakes_);
    TestSeries series;
    series.place = fields.place();
    fields.Text("series", &series.series);
    fields.Text("values", &series.values);
    all->push_back(std::move(series));
  }

  void ReadAlertTest(const YAML::Node& node, std::string_view test, std::vector<AlertTest>* all) {
    const std::string context = fmt::format("{}, alert_rule_test {}", test, all->size() + 1);
    TestFields fields(node, context, {"eval_time", "alertname", "exp_alerts"}, &mistakes_);
    AlertTest alert;
    alert.place = fields.place();
    fields.Duration("eval_time", &alert.eval_time_ms);
    fields.Text("alertname", &alert.alert_name);
    fields.EachItem("exp_alerts", [&](const YAML::Node& item) {
      TestFields expected(item,
                          fmt::format("{}, exp_alerts {}", context, alert.expected.size() + 1),
                          {"exp_labels", "exp_annotations"}, &mistakes_);
      AlertTest::Expected& one = alert.expected.emplace_back();
      one.place = expected.place();
      expected.TextPairs("exp_labels", &one.labels);
      expected.TextPairs("exp_annotations", &one.annotations);
    });
    all->push_back(std::move(alert));
  }

  void ReadExprTest(const YAML::Node& node, std::string_view test, std::vector<ExprTest>* all) {
    const std::string context = fmt::format("{}, promql_expr_test {}", test, all->size() + 1);
    TestFields fields(node, context, {"expr", "eval_time", "exp_samples"}, &mistakes_);
    ExprTest expr;
    expr.place = fields.place();
    fields.Text("expr", &expr.expr);
    fields.Duration("eval_time", &expr.eval_time_ms);
    fields.EachItem("exp_samples", [&](const YAML::Node& item) {
      TestFields expected(item,
                          fmt::format("{}, exp_samples {}", context, expr.expected.size() + 1),
                          {"labels", "value", "histogram"}, &mistakes_);
      ExprTest::Expected& one = expr.expected.emplace_back();
      one.place = expected.place();
      expected.Text("labels", &one.labels);
      expected.Number("value", &one.value);
      expected.Text("histogram", &one.histogram);
    });
    all->push_back(std::move(expr));
  }

  MistakeList mistakes_;
  RuleTestFile file_;
};

}  // namespace

absl::StatusOr<RuleTestFile> ParseRuleTestFile(std::string_view path, std::string_view yaml) {
  // yaml-cpp throws when a node is asked for what it is not.
  try {
    return RuleTestFileReader(path).Read(yaml);
  } catch (const std::exception& e) {
    return absl::InvalidArgumentError(fmt::format("{}: YAML: {}", path, e.what()));
  }
}

}  // namespace vigil::alerting
