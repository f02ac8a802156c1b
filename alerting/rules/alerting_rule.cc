// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/alerting_rule.h"

#include <fmt/format.h>

#include "alerting/rules/rule_validation.h"
#include "base/clock.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

using text_template::QuerySample;
using text_template::RuleContext;
using text_template::RuleExpander;
using text_template::Template;

constexpr std::string_view kAlertName = "alertname";
constexpr std::string_view kAlertState = "alertstate";
constexpr std::string_view kAlertsMetric = "ALERTS";
constexpr std::string_view kForStateMetric = "ALERTS_FOR_STATE";

absl::StatusOr<std::vector<std::pair<std::string, Template>>> ParseTemplates(
    const Rule& rule, const std::vector<std::pair<std::string, std::string>>& texts) {
  std::vector<std::pair<std::string, Template>> parsed;
  for (const auto& [name, text] : texts) {
    VIGIL_ASSIGN_OR_RETURN(Template one,
                           text_template::ParseRuleTemplate(TemplateName(rule), text));
    parsed.emplace_back(name, std::move(one));
  }
  return parsed;
}

// What the template function `query` runs.
absl::StatusOr<std::vector<QuerySample>> RunTemplateQuery(const RuleEvaluation& evaluation,
                                                          const std::string& query) {
  VIGIL_ASSIGN_OR_RETURN(exec::QueryResult result,
                         evaluation.runner.RunText(query, evaluation.data_time_ms()));
  VIGIL_ASSIGN_OR_RETURN(exec::VectorResult elements, ToVector(std::move(result)));
  std::vector<QuerySample> samples;
  for (exec::VectorElement& element : elements) {
    samples.push_back({std::move(element.labels), element.value});
  }
  return samples;
}

RuleExpander MakeExpander(const RuleEvaluation& evaluation) {
  RuleContext context;
  context.now_ms = evaluation.time_ms;
  context.external_url = evaluation.options.external_url;
  context.external_labels = evaluation.options.external_labels;
  context.query = [&evaluation](const std::string& query) {
    return RunTemplateQuery(evaluation, query);
  };
  return RuleExpander(context);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RuleEvaluator>> AlertingRule::Create(const Rule& rule,
                                                                    promql::ExprPtr expr) {
  VIGIL_ASSIGN_OR_RETURN(NamedTemplates labels, ParseTemplates(rule, rule.labels));
  VIGIL_ASSIGN_OR_RETURN(NamedTemplates annotations, ParseTemplates(rule, rule.annotations));
  return std::unique_ptr<RuleEvaluator>(
      new AlertingRule(rule, std::move(expr), std::move(labels), std::move(annotations)));
}

absl::StatusOr<std::vector<storage::LabeledSample>> AlertingRule::Evaluate(
    const RuleEvaluation& evaluation) {
  VIGIL_ASSIGN_OR_RETURN(const exec::VectorResult result, RunExpr(evaluation));
  const AlertPolicy policy = {rule().for_ms, rule().keep_firing_for_ms, evaluation.limit};
  VIGIL_RETURN_IF_ERROR(tracker_.Update(policy, Word(evaluation, result), evaluation.time_ms));
  std::vector<storage::LabeledSample> samples;
  for (const auto& [labels, tracked] : tracker_.alerts()) {
    for (auto& sample : AlertSamples(tracked.alert, evaluation.data_time_ms())) {
      samples.push_back(std::move(sample));
    }
  }
  return samples;
}

std::vector<AlertCandidate> AlertingRule::Word(const RuleEvaluation& evaluation,
                                               const exec::VectorResult& result) const {
  std::vector<AlertCandidate> candidates;
  if (result.empty()) return candidates;
  RuleExpander expander = MakeExpander(evaluation);
  // Functions can cut texts within a character.
  const auto expand = [&expander](const Template& parsed) {
    return ReplaceInvalidUtf8(expander.Expand(parsed));
  };
  for (const exec::VectorElement& element : result) {
    expander.SetElement(element.labels, element.value, element.histogram.get());
    storage::LabelsBuilder labels(element.labels);
    labels.Remove(storage::kMetricName);
    for (const auto& [name, parsed] : labels_) labels.Set(name, expand(parsed));
    labels.Set(kAlertName, rule().alert);
    storage::LabelsBuilder annotations;
    for (const auto& [name, parsed] : annotations_) annotations.Set(name, expand(parsed));
    candidates.push_back({labels.Build(), annotations.Build(), element.value});
  }
  return candidates;
}

std::vector<storage::LabeledSample> AlertingRule::AlertSamples(const ActiveAlert& alert,
                                                               int64_t time_ms) const {
  if (alert.state == AlertState::kInactive) return {};
  storage::LabelsBuilder labels(alert.labels);
  labels.Set(storage::kMetricName, kForStateMetric);
  storage::LabeledSample for_state;
  for_state.labels = labels.Build();
  for_state.time_ms = time_ms;
  // Whole seconds, as Prometheus writes it.
  for_state.value = static_cast<double>(alert.active_at_ms / kMillisPerSecond);
  labels.Set(storage::kMetricName, kAlertsMetric);
  labels.Set(kAlertState, AlertStateName(alert.state));
  storage::LabeledSample state;
  state.labels = labels.Build();
  state.time_ms = time_ms;
  state.value = 1;
  return {std::move(state), std::move(for_state)};
}

}  // namespace vigil::alerting
