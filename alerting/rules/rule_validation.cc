// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_validation.h"

#include <fmt/format.h>

#include "alerting/template/rule_functions.h"
#include "base/status.h"
#include "base/strings.h"
#include "query/promql/parser.h"
#include "storage/series/labels.h"

namespace vigil::alerting {
namespace {

// Names may be any text: quoting lets PromQL take them all.
bool IsValidName(std::string_view name) { return !name.empty() && IsValidUtf8(name); }

void ValidateExpr(const Rule& rule, std::vector<RuleMistake>* mistakes) {
  if (rule.expr.empty()) {
    mistakes->push_back({"", "", "field 'expr' must be set in rule"});
    return;
  }
  const auto parsed = promql::ParseExpr(rule.expr);
  if (!parsed.ok()) {
    mistakes->push_back(
        {"expr", "", fmt::format("could not parse expression: {}", MessageOf(parsed.status()))});
  }
}

void ValidateRecording(const Rule& rule, std::vector<RuleMistake>* mistakes) {
  const auto forbid = [&](bool is_set, std::string_view field) {
    if (!is_set) return;
    mistakes->push_back(
        {std::string(field), "", fmt::format("invalid field '{}' in recording rule", field)});
  };
  forbid(!rule.annotations.empty(), "annotations");
  forbid(rule.for_ms != 0, "for");
  forbid(rule.keep_firing_for_ms != 0, "keep_firing_for");
  if (!IsValidName(rule.record)) {
    mistakes->push_back(
        {"record", "", fmt::format("invalid recording rule name: {}", rule.record)});
  } else if (rule.record.find_first_of("{}") != std::string::npos) {
    mistakes->push_back(
        {"record", "",
         fmt::format("braces present in the recording rule name; should it be in expr?: {}",
                     rule.record)});
  }
}

void ValidateTemplate(const Rule& rule, std::string_view field, std::string_view kind,
                      const std::pair<std::string, std::string>& entry,
                      std::vector<RuleMistake>* mistakes) {
  const auto parsed = text_template::ParseRuleTemplate(TemplateName(rule), entry.second);
  if (parsed.ok()) return;
  mistakes->push_back(
      {std::string(field), entry.first,
       fmt::format("{} \"{}\": {}", kind, entry.first, MessageOf(parsed.status()))});
}

}  // namespace

std::string TemplateName(const Rule& rule) { return fmt::format("__alert_{}", rule.alert); }

std::string ValidateLabel(std::string_view name, std::string_view value) {
  if (!IsValidName(name) || name == storage::kMetricName) {
    return fmt::format("invalid label name: {}", name);
  }
  if (!IsValidUtf8(value)) return fmt::format("invalid label value: {}", value);
  return "";
}

std::vector<RuleMistake> ValidateRule(const Rule& rule) {
  std::vector<RuleMistake> mistakes;
  if (!rule.record.empty() && !rule.alert.empty()) {
    mistakes.push_back({"alert", "", "only one of 'record' and 'alert' must be set"});
  } else if (rule.record.empty() && rule.alert.empty()) {
    mistakes.push_back({"", "", "one of 'record' or 'alert' must be set"});
  }
  ValidateExpr(rule, &mistakes);
  if (!rule.record.empty() && rule.alert.empty()) ValidateRecording(rule, &mistakes);
  for (const auto& label : rule.labels) {
    std::string message = ValidateLabel(label.first, label.second);
    if (!message.empty()) mistakes.push_back({"labels", label.first, std::move(message)});
    if (rule.IsAlert()) ValidateTemplate(rule, "labels", "label", label, &mistakes);
  }
  for (const auto& annotation : rule.annotations) {
    if (!IsValidName(annotation.first)) {
      mistakes.push_back({"annotations", annotation.first,
                          fmt::format("invalid annotation name: {}", annotation.first)});
    }
    if (rule.IsAlert()) {
      ValidateTemplate(rule, "annotations", "annotation", annotation, &mistakes);
    }
  }
  return mistakes;
}

}  // namespace vigil::alerting
