// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_yaml.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/duration.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Whether `text` is one word that YAML takes for a text without quotes.
bool IsWord(std::string_view text) {
  return !text.empty() && IsLetter(text.front()) && text.back() != ':' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return IsLetter(c) || (c >= '0' && c <= '9') || c == ':' || c == '-' || c == '.';
         });
}

// Words that YAML reads as something else than a text, in lower case.
bool IsReserved(std::string_view text) {
  const std::string lower = ToLower(text);
  for (const std::string_view word :
       {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}) {
    if (lower == word) return true;
  }
  return false;
}

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 0x7f; });
}

// Whether `text` reads well, and back, as a literal block: printable lines that neither begin nor
// end in white space.
bool IsBlock(std::string_view text) {
  if (text.find('\n') == std::string_view::npos) return false;
  for (const std::string_view line : Split(text, '\n')) {
    if (line.empty() || !IsPrintable(line) || Trim(line) != line) return false;
  }
  return true;
}

// A scalar; lines of a block are indented by `indent`.
std::string Scalar(const std::string& text, int indent) {
  if (IsWord(text) && !IsReserved(text)) return text;
  if (IsBlock(text)) {
    std::string block = "|-";
    for (const std::string_view line : Split(text, '\n')) {
      block += fmt::format("\n{:{}}{}", "", indent, line);
    }
    return block;
  }
  if (!IsPrintable(text)) {
    // A JSON string is a YAML one.
    return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  }
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c;
    if (c == '\'') quoted += c;
  }
  return quoted + "'";
}

void AddPairs(std::string_view key, const Pairs& pairs, int indent, std::string* yaml) {
  if (pairs.empty()) return;
  *yaml += fmt::format("{:{}}{}:\n", "", indent, key);
  for (const auto& [name, value] : pairs) {
    *yaml +=
        fmt::format("{:{}}{}: {}\n", "", indent + 2, Scalar(name, 0), Scalar(value, indent + 4));
  }
}

// A rule that Prometheus takes, and what gets lost on the way.
struct Expansion {
  Rule rule;
  std::vector<std::string> comments;
};

// What its levels are held against.
std::string Bare(const Rule& rule) {
  const std::optional<Ratio>& ratio = rule.extensions.ratio;
  return ratio.has_value() ? RatioExpr(*ratio) : rule.expr;
}

std::vector<std::string> LostPolicies(const RuleExtensions& extensions) {
  std::vector<std::string> lost;
  if (extensions.ratio.has_value()) {
    lost.push_back(fmt::format("the interval of confidence {} is lost",
                               FormatValue(extensions.ratio->confidence)));
  }
  if (extensions.no_data != NoDataPolicy()) lost.push_back("no_data is lost");
  if (extensions.partial_data.keep) lost.push_back("partial_data is lost");
  if (extensions.late_data_ms != 0) lost.push_back("late_data is lost");
  return lost;
}

Expansion ExpandLevel(const Rule& rule, const Level& level) {
  const Levels& levels = *rule.extensions.levels;
  Expansion expansion{rule, LostPolicies(rule.extensions)};
  Rule& plain = expansion.rule;
  plain.expr =
      fmt::format("({}) {} {}", Bare(rule), ThresholdOpText(levels.op), FormatValue(level.at));
  const std::optional<Ratio>& ratio = rule.extensions.ratio;
  if (ratio.has_value() && ratio->min_events > 0) {
    plain.expr += fmt::format(" and ({}) >= {}", ratio->total, FormatValue(ratio->min_events));
  }
  if (level.recover != level.at) {
    expansion.comments.push_back(fmt::format("recovery at {} is lost", FormatValue(level.recover)));
  }
  if (!levels.label.empty()) plain.labels.emplace_back(levels.label, level.name);
  return expansion;
}

std::vector<Expansion> Expand(const Rule& rule) {
  if (!rule.extensions.levels.has_value()) return {{rule, LostPolicies(rule.extensions)}};
  std::vector<Expansion> expansions;
  for (const Level& level : rule.extensions.levels->levels) {
    expansions.push_back(ExpandLevel(rule, level));
  }
  return expansions;
}

void AddRule(const Expansion& expansion, std::string* yaml) {
  const Rule& rule = expansion.rule;
  for (const std::string& comment : expansion.comments) *yaml += fmt::format("  # {}\n", comment);
  *yaml += rule.IsAlert() ? fmt::format("  - alert: {}\n", Scalar(rule.alert, 6))
                          : fmt::format("  - record: {}\n", Scalar(rule.record, 6));
  *yaml += fmt::format("    expr: {}\n", Scalar(rule.expr, 6));
  if (rule.for_ms != 0) *yaml += fmt::format("    for: {}\n", FormatDurationMs(rule.for_ms));
  if (rule.keep_firing_for_ms != 0) {
    *yaml += fmt::format("    keep_firing_for: {}\n", FormatDurationMs(rule.keep_firing_for_ms));
  }
  AddPairs("labels", rule.labels, 4, yaml);
  AddPairs("annotations", rule.annotations, 4, yaml);
}

void AddGroup(const RuleGroup& group, std::string* yaml) {
  *yaml += fmt::format("- name: {}\n", Scalar(group.name, 4));
  if (group.interval_ms != 0) {
    *yaml += fmt::format("  interval: {}\n", FormatDurationMs(group.interval_ms));
  }
  if (group.query_offset_ms >= 0) {
    *yaml += fmt::format("  query_offset: {}\n", FormatDurationMs(group.query_offset_ms));
  }
  if (group.limit != 0) *yaml += fmt::format("  limit: {}\n", group.limit);
  AddPairs("labels", group.labels, 2, yaml);
  *yaml += group.rules.empty() ? "  rules: []\n" : "  rules:\n";
  for (const Rule& rule : group.rules) {
    for (const Expansion& expansion : Expand(rule)) AddRule(expansion, yaml);
  }
}

}  // namespace

std::string WriteRuleYaml(const std::vector<RuleGroup>& groups) {
  if (groups.empty()) return "groups: []\n";
  std::string yaml = "groups:\n";
  for (const RuleGroup& group : groups) AddGroup(group, &yaml);
  return yaml;
}

}  // namespace vigil::alerting
