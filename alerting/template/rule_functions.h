// SPDX-License-Identifier: Apache-2.0
//
// What the templates of alerting rules see: their functions, and the data of one alert.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "alerting/template/template.h"
#include "storage/model/histogram.h"
#include "storage/series/labels.h"

namespace vigil::text_template {

struct QuerySample {
  storage::Labels labels;
  double value = 0;
};

// Answers the function `query`.
using QueryFunction =
    std::function<absl::StatusOr<std::vector<QuerySample>>(const std::string& query)>;

struct RuleContext {
  int64_t now_ms = 0;  // The evaluation time.
  std::string external_url;
  storage::Labels external_labels;
  QueryFunction query;
};

// The functions that rules may call. They keep what they need of `context`.
FunctionSet RuleFunctions(const RuleContext& context);

// A template of a rule, checked for functions and variables that rules do not have.
absl::StatusOr<Template> ParseRuleTemplate(std::string_view name, std::string_view text);

// What `.` and the variables are for all alerts of one evaluation of one rule.
class RuleExpander {
 public:
  explicit RuleExpander(const RuleContext& context);

  // Says which element of the result comes next.
  void SetElement(const storage::Labels& labels, double value, const storage::Histogram* histogram);

  // The template's text for that element; "<error expanding template: ...>" when it fails.
  std::string Expand(const Template& parsed) const;

 private:
  const FunctionSet functions_;
  const Value external_labels_;
  const Value external_url_;
  Value root_;
  Variables variables_;
};

// Labels as templates see them: a map in which a missing key is "".
Value LabelsValue(const storage::Labels& labels);

}  // namespace vigil::text_template
