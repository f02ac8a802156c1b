// SPDX-License-Identifier: Apache-2.0
//
// PromQL has no range that reaches to the beginning of the month. So the rate of cost is recorded
// with the month as a label: a series of one month begins with it, and its mean times the time that
// has passed is what the month has cost. Gaps, and a rule that is new, count as the mean.
#include "alerting/shorthand/budget.h"

#include <fmt/format.h>

#include "alerting/shorthand/shorthand_fields.h"
#include "base/clock.h"
#include "base/duration.h"

namespace vigil::alerting {
namespace {

// One element, labelled with the month it is.
constexpr std::string_view kThisMonth = "count_values(\"month\", month())";
constexpr std::string_view kElapsedSeconds = "(day_of_month() - 1) * 86400 + time() % 86400";

class BudgetExpander {
 public:
  BudgetExpander(const YAML::Node& node, const std::string& context, MistakeList* mistakes)
      : reader_(node, context,
                {"alert", "cost", "by", "monthly", "trend", "for", "labels", "annotations"},
                mistakes) {}

  std::vector<PlainRule> Expand() {
    Read();
    if (!reader_.ok()) return {};
    std::vector<PlainRule> rules = {
        Recording("budget:cost:rate5m",
                  fmt::format("sum{} (rate({}[5m])) * on () group_left (month) {}", by_, cost_,
                              kThisMonth)),
        Recording("budget:spent:month",
                  fmt::format("avg_over_time({}[31d]) * scalar({}) and on (month) {}",
                              Series("budget:cost:rate5m"), kElapsedSeconds, kThisMonth)),
        Recording("budget:forecast:month",
                  fmt::format("predict_linear({}[{}], scalar(days_in_month() * 86400 - ({}))) "
                              "and on (month) {}",
                              Series("budget:spent:month"), FormatDurationMs(trend_ms_),
                              kElapsedSeconds, kThisMonth))};
    rules.push_back(Alert("budget:forecast:month", "ticket", for_ms_,
                          "the month will cost {{ $value | humanize }}"));
    rules.push_back(
        Alert("budget:spent:month", "page", 0, "the month has cost {{ $value | humanize }}"));
    return rules;
  }

 private:
  void Read() {
    if (reader_.Require("alert")) reader_.Text("alert", &alert_);
    ReadSelector(&reader_, "cost", &cost_);
    std::vector<std::string> by;
    ReadLabelNames(&reader_, "by", &by);
    by_ = ByClause(by);
    if (reader_.Require("monthly")) ReadPositive(&reader_, "monthly", &monthly_);
    ReadPositiveDuration(&reader_, "trend", &trend_ms_);
    reader_.Duration("for", &for_ms_);
    reader_.Texts("labels", &labels_);
    reader_.Texts("annotations", &annotations_);
  }

  PlainRule Recording(std::string record, std::string expr) const {
    PlainRule rule;
    rule.record = std::move(record);
    rule.expr = std::move(expr);
    rule.labels = {{"budget", alert_}};
    return rule;
  }

  std::string Series(std::string_view name) const {
    return fmt::format("{}{}", name, EqualMatcher("budget", alert_));
  }

  PlainRule Alert(std::string_view series, const std::string& severity, int64_t for_ms,
                  std::string_view what) const {
    PlainRule rule;
    rule.alert = alert_;
    rule.expr = fmt::format("{} > {}", Series(series), NumberText(monthly_));
    rule.for_ms = for_ms;
    rule.labels = MergePairs(labels_, {{"severity", severity}});
    rule.annotations =
        MergePairs({{"summary", fmt::format("{}, the budget is {}", what, NumberText(monthly_))}},
                   annotations_);
    return rule;
  }

  FieldReader reader_;
  std::string alert_;
  std::string cost_;
  std::string by_;
  double monthly_ = 0;
  int64_t trend_ms_ = kMillisPerDay;
  int64_t for_ms_ = 3'600'000;
  TextPairs labels_;
  TextPairs annotations_;
};

}  // namespace

std::vector<PlainRule> ExpandBudget(const YAML::Node& node, const std::string& context,
                                    MistakeList* mistakes) {
  return BudgetExpander(node, context, mistakes).Expand();
}

}  // namespace vigil::alerting
