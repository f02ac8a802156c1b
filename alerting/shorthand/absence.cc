// SPDX-License-Identifier: Apache-2.0
#include "alerting/shorthand/absence.h"

#include <fmt/format.h>

#include "alerting/shorthand/shorthand_fields.h"
#include "base/duration.h"

namespace vigil::alerting {
namespace {

// Which label sets had a sample within a window.
std::string SeenWithin(const std::string& selector, const std::vector<std::string>& by,
                       int64_t window_ms) {
  const std::string seen =
      fmt::format("present_over_time({}[{}])", selector, FormatDurationMs(window_ms));
  return by.empty() ? seen : fmt::format("group{} ({})", ByClause(by), seen);
}

}  // namespace

std::vector<PlainRule> ExpandAbsence(const YAML::Node& node, const std::string& context,
                                     MistakeList* mistakes) {
  FieldReader reader(
      node, context,
      {"alert", "series", "by", "missing_for", "seen_within", "for", "labels", "annotations"},
      mistakes);
  PlainRule rule;
  std::string selector;
  std::vector<std::string> by;
  int64_t missing_for_ms = 10 * 60'000;
  int64_t seen_within_ms = 86'400'000;
  TextPairs annotations;
  if (reader.Require("alert")) reader.Text("alert", &rule.alert);
  ReadSelector(&reader, "series", &selector);
  ReadLabelNames(&reader, "by", &by);
  ReadPositiveDuration(&reader, "missing_for", &missing_for_ms);
  ReadPositiveDuration(&reader, "seen_within", &seen_within_ms);
  reader.Duration("for", &rule.for_ms);
  reader.Texts("labels", &rule.labels);
  reader.Texts("annotations", &annotations);
  if (reader.ok() && seen_within_ms <= missing_for_ms) {
    reader.Mistake("seen_within", "\"seen_within\" must be more than \"missing_for\"");
  }
  if (!reader.ok()) return {};
  rule.expr = fmt::format("{}\nunless\n{}", SeenWithin(selector, by, seen_within_ms),
                          SeenWithin(selector, by, missing_for_ms));
  rule.annotations = MergePairs({{"summary", fmt::format("{} has been missing for {}", selector,
                                                         FormatDurationMs(missing_for_ms))}},
                                annotations);
  return {std::move(rule)};
}

}  // namespace vigil::alerting
