// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/alert_wording.h"

#include <utility>

#include "alerting/rules/rule_validation.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

using text_template::QuerySample;
using text_template::RuleContext;
using text_template::RuleExpander;
using text_template::Template;

constexpr std::string_view kAlertName = "alertname";

// What the template function `query` runs.
absl::StatusOr<std::vector<QuerySample>> RunTemplateQuery(const RuleEvaluation& evaluation,
                                                          const std::string& query) {
  VIGIL_ASSIGN_OR_RETURN(exec::QueryResult result,
                         evaluation.runner.RunText(query, evaluation.time_ms));
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

absl::StatusOr<AlertWording::NamedTemplates> AlertWording::Parse(
    const Rule& rule, const std::vector<std::pair<std::string, std::string>>& texts) {
  NamedTemplates templates;
  for (const auto& [name, text] : texts) {
    NamedTemplate& named = templates.emplace_back();
    named.name = name;
    VIGIL_ASSIGN_OR_RETURN(Template parsed,
                           text_template::ParseRuleTemplate(TemplateName(rule), text));
    if (text.find("{{") == std::string::npos) {
      named.literal = ReplaceInvalidUtf8(text);
    } else {
      named.parsed = std::move(parsed);
    }
  }
  return templates;
}

absl::StatusOr<AlertWording> AlertWording::Create(const Rule& rule) {
  AlertWording wording;
  wording.alert_ = rule.alert;
  if (rule.extensions.levels.has_value()) wording.level_label_ = rule.extensions.levels->label;
  wording.is_ratio_ = rule.extensions.ratio.has_value();
  VIGIL_ASSIGN_OR_RETURN(wording.labels_, Parse(rule, rule.labels));
  VIGIL_ASSIGN_OR_RETURN(wording.annotations_, Parse(rule, rule.annotations));
  return wording;
}

// Templates see what the extensions know as labels of the element, which the alert does not have.
void AlertWriter::TellExpander() {
  if (!expander_.has_value()) expander_.emplace(MakeExpander(evaluation_));
  if (std::exchange(expander_knows_it_, true)) return;
  const Measurement& measurement = *measurement_;
  storage::LabelsBuilder labels(measurement.labels);
  if (level_ != nullptr) {
    if (!wording_.level_label_.empty()) labels.Set(wording_.level_label_, level_->name);
    labels.Set("threshold", FormatValue(level_->at));
    if (wording_.is_ratio_) {
      labels.Set("ratio_lower", FormatValue(measurement.interval.lower));
      labels.Set("ratio_upper", FormatValue(measurement.interval.upper));
      labels.Set("ratio_events", FormatValue(measurement.events));
    }
  }
  expander_->SetElement(level_ == nullptr ? measurement.labels : labels.Build(), measurement.value,
                        measurement.histogram.get());
}

void AlertWriter::Write(const AlertWording::NamedTemplates& texts, storage::LabelsBuilder* labels) {
  for (const auto& [name, literal, parsed] : texts) {
    if (!parsed.has_value()) {
      labels->Set(name, literal);
      continue;
    }
    TellExpander();
    // Functions can cut texts within a character.
    labels->Set(name, ReplaceInvalidUtf8(expander_->Expand(*parsed)));
  }
}

storage::Labels AlertWriter::Labels(const Measurement& measurement, const Level* level) {
  measurement_ = &measurement;
  level_ = level;
  expander_knows_it_ = false;
  storage::LabelsBuilder labels(measurement.labels);
  labels.Remove(storage::kMetricName);
  Write(wording_.labels_, &labels);
  if (level != nullptr && !wording_.level_label_.empty()) {
    labels.Set(wording_.level_label_, level->name);
  }
  labels.Set(kAlertName, wording_.alert_);
  return labels.Build();
}

storage::Labels AlertWriter::Annotations() {
  storage::LabelsBuilder annotations;
  Write(wording_.annotations_, &annotations);
  return annotations.Build();
}

storage::Labels AlertWriter::CommonLabels(const storage::Labels& alert_labels) const {
  if (wording_.level_label_.empty()) return alert_labels;
  return storage::LabelsBuilder(alert_labels).Remove(wording_.level_label_).Build();
}

}  // namespace vigil::alerting
