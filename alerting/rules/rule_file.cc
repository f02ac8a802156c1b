// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_file.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "alerting/rules/rule_extension_reader.h"
#include "alerting/rules/rule_validation.h"
#include "alerting/rules/yaml_fields.h"
#include "alerting/rules/yaml_number.h"
#include "alerting/shorthand/shorthand.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/file.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

using Field = YamlFields::Field;
using TextPairs = std::vector<std::pair<std::string, std::string>>;

// Aliases let a small file spell out a lot of rules.
constexpr size_t kMaxRulesPerFile = 100'000;
// Labels or annotations of one rule: more than anyone can tell apart.
constexpr size_t kMaxTexts = 1'000;
// What the rules of a group read unless it says otherwise.
constexpr std::string_view kMetricSource = "metrics";
// No more would fit a double exactly.
constexpr double kMaxLimit = 1e15;

// Reads one file; every mistake goes to the list and reading goes on.
class RuleFileReader {
 public:
  explicit RuleFileReader(std::string_view file) : file_(file), mistakes_(file) {}

  absl::StatusOr<std::vector<RuleGroup>> Read(std::string_view yaml) {
    const YAML::Node root = LoadYaml(yaml, &mistakes_);
    if (mistakes_.empty()) ReadRoot(root);
    VIGIL_RETURN_IF_ERROR(mistakes_.ToStatus());
    return std::move(groups_);
  }

 private:
  void ReadRoot(const YAML::Node& root) {
    const YamlFields fields(root, "", {"groups"}, &mistakes_);
    const Field* const groups = fields.Find("groups");
    if (groups == nullptr || !CheckList(*groups, "")) return;
    StringSet names;
    for (const auto& node : groups->value) {
      if (node.IsNull()) continue;  // An item that nothing follows.
      RuleGroup group;
      group.file = file_;
      ReadGroup(node, &names, &group);
      groups_.push_back(std::move(group));
      if (rule_count_ > kMaxRulesPerFile) return;
    }
  }

  void ReadGroup(const YAML::Node& node, StringSet* names, RuleGroup* group) {
    // The name goes into the messages about the other keys.
    if (node.IsMap()) {
      for (const auto& entry : node) {
        if (entry.first.IsScalar() && entry.first.Scalar() == "name" && entry.second.IsScalar()) {
          group->name = entry.second.Scalar();
        }
      }
    }
    const std::string context = fmt::format("group \"{}\"", group->name);
    const YamlFields fields(
        node, context, {"name", "interval", "limit", "query_offset", "labels", "rules", "source"},
        &mistakes_);
    if (!node.IsMap()) return;
    ReadText(fields, "name", context, &group->name);
    if (group->name.empty()) {
      mistakes_.Add(node.Mark(), context, "Groupname must not be empty");
    } else if (!names->insert(group->name).second) {
      mistakes_.Add(node.Mark(), "",
                    fmt::format("groupname: \"{}\" is repeated in the same file", group->name));
    }
    ReadDuration(fields, "interval", context, &group->interval_ms);
    ReadDuration(fields, "query_offset", context, &group->query_offset_ms);
    ReadLimit(fields, context, &group->limit);
    ReadGroupLabels(fields, context, group);
    CheckSource(fields, context);
    const Field* const rules = fields.Find("rules");
    if (rules != nullptr && CheckList(*rules, context)) ReadRules(rules->value, context, group);
  }

  void ReadGroupLabels(const YamlFields& fields, const std::string& context, RuleGroup* group) {
    ReadTexts(fields, "labels", context, &group->labels);
    for (const auto& [name, value] : group->labels) {
      const std::string message = ValidateLabel(name, value);
      if (!message.empty()) mistakes_.Add(MarkOf(fields, "labels", name), context, message);
    }
  }

  // What the rules of a group read. The key is there for the day when there is a choice.
  void CheckSource(const YamlFields& fields, const std::string& context) {
    std::string source;
    if (!ReadText(fields, "source", context, &source) || source.empty()) return;
    if (source == kMetricSource) return;
    mistakes_.Add(MarkOf(fields, "source", ""), context,
                  fmt::format("\"source\": rules over \"{}\" are not supported; only \"{}\" is, "
                              "which is also what holds without the key",
                              source, kMetricSource));
  }

  void ReadRules(const YAML::Node& rules, const std::string& context, RuleGroup* group) {
    int number = 0;
    for (const auto& node : rules) {
      if (++rule_count_ > kMaxRulesPerFile) {
        mistakes_.Add(node.Mark(), context,
                      fmt::format("more than {} rules in a file", kMaxRulesPerFile));
        return;
      }
      ++number;
      if (node.IsNull()) continue;
      if (!ShorthandName(node).empty()) {
        ReadShorthand(node, fmt::format("{}, rule {}", context, number), group);
        continue;
      }
      Rule rule;
      rule.line = node.Mark().line + 1;
      ReadRule(node, fmt::format("{}, rule {}", context, number), &rule);
      group->rules.push_back(std::move(rule));
    }
  }

  // An entry that stands for several rules: they take its place.
  void ReadShorthand(const YAML::Node& node, const std::string& context, RuleGroup* group) {
    for (PlainRule& plain : ExpandShorthand(node, context, &mistakes_)) {
      Rule rule;
      rule.record = std::move(plain.record);
      rule.alert = std::move(plain.alert);
      rule.expr = std::move(plain.expr);
      rule.for_ms = plain.for_ms;
      rule.labels = std::move(plain.labels);
      rule.annotations = std::move(plain.annotations);
      rule.line = node.Mark().line + 1;
      for (const RuleMistake& mistake : ValidateRule(rule)) {
        mistakes_.Add(node.Mark(), fmt::format("{}, \"{}\"", context, rule.name()),
                      mistake.message);
      }
      group->rules.push_back(std::move(rule));
      ++rule_count_;
    }
  }

  void ReadRule(const YAML::Node& node, std::string context, Rule* rule) {
    context += fmt::format(", \"{}\"", NameOf(node));
    const YamlFields fields(
        node, context,
        {"record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations", "levels",
         "ratio", "no_data", "partial_data", "late_data"},
        &mistakes_);
    if (!node.IsMap()) return;
    bool readable = ReadText(fields, "record", context, &rule->record);
    readable &= ReadText(fields, "alert", context, &rule->alert);
    readable &= ReadText(fields, "expr", context, &rule->expr);
    ReadDuration(fields, "for", context, &rule->for_ms);
    ReadDuration(fields, "keep_firing_for", context, &rule->keep_firing_for_ms);
    ReadTexts(fields, "labels", context, &rule->labels);
    ReadTexts(fields, "annotations", context, &rule->annotations);
    readable &= ReadRuleExtensions(fields, context, &mistakes_, rule);
    // What could not be read would only be reported as missing.
    if (!readable) return;
    for (const RuleMistake& mistake : ValidateRule(*rule)) {
      const YAML::Mark mark =
          mistake.field.empty() ? node.Mark() : MarkOf(fields, mistake.field, mistake.entry);
      mistakes_.Add(mark, context, mistake.message);
    }
  }

  // The rule's name as far as it can be told before reading the rule.
  static std::string NameOf(const YAML::Node& node) {
    if (!node.IsMap()) return "";
    for (const auto& entry : node) {
      const bool is_name = entry.first.IsScalar() &&
                           (entry.first.Scalar() == "alert" || entry.first.Scalar() == "record");
      if (is_name && entry.second.IsScalar()) return entry.second.Scalar();
    }
    return "";
  }

  // Where a key's value stands, or that of an entry of the map behind it.
  YAML::Mark MarkOf(const YamlFields& fields, std::string_view name, std::string_view entry) {
    const Field* const field = fields.Find(name);
    if (field == nullptr) return YAML::Mark::null_mark();
    if (entry.empty() || !field->value.IsMap()) return field->value.Mark();
    for (const auto& pair : field->value) {
      if (pair.first.IsScalar() && pair.first.Scalar() == entry) return pair.first.Mark();
    }
    return field->value.Mark();
  }

  bool CheckList(const Field& field, std::string_view context) {
    if (field.value.IsNull()) return false;
    if (field.value.IsSequence()) return true;
    mistakes_.Add(field.value.Mark(), context, fmt::format("\"{}\" must be a list", field.name));
    return false;
  }

  // Leaves `*text` alone if the key is not there. False when there is something else than a text.
  bool ReadText(const YamlFields& fields, std::string_view name, std::string_view context,
                std::string* text) {
    const Field* const field = fields.Find(name);
    if (field == nullptr || field->value.IsNull()) return true;
    if (!field->value.IsScalar()) {
      mistakes_.Add(field->value.Mark(), context, fmt::format("\"{}\" must be a text", name));
      return false;
    }
    *text = field->value.Scalar();
    return true;
  }

  void ReadDuration(const YamlFields& fields, std::string_view name, std::string_view context,
                    int64_t* duration_ms) {
    const Field* const field = fields.Find(name);
    std::string text;
    if (field == nullptr || field->value.IsNull()) return;
    if (!ReadText(fields, name, context, &text)) return;
    const std::string wrong = alerting::ReadDuration(name, text, duration_ms);
    if (!wrong.empty()) mistakes_.Add(MarkOf(fields, name, ""), context, wrong);
  }

  void ReadLimit(const YamlFields& fields, std::string_view context, int64_t* limit) {
    const Field* const field = fields.Find("limit");
    if (field == nullptr || field->value.IsNull()) return;
    const std::optional<double> number =
        IsPlain(field->value) ? YamlNumber(field->value.Scalar()) : std::nullopt;
    if (number.has_value() && std::fabs(*number) <= kMaxLimit) {
      // Whatever is not above zero is no limit.
      *limit = std::max(int64_t{0}, static_cast<int64_t>(*number));
      return;
    }
    mistakes_.Add(
        field->value.Mark(), context,
        fmt::format(
            "\"limit\" must be a whole number without quotes{}",
            field->value.IsScalar() ? fmt::format(", not \"{}\"", field->value.Scalar()) : ""));
  }

  void ReadTexts(const YamlFields& fields, std::string_view name, std::string_view context,
                 TextPairs* texts) {
    const Field* const field = fields.Find(name);
    if (field == nullptr) return;
    const YamlFields entries(field->value, fmt::format("{}, {}", context, name), {}, &mistakes_);
    if (entries.fields().size() > kMaxTexts) {
      mistakes_.Add(field->value.Mark(), context, fmt::format("more than {} {}", kMaxTexts, name));
      return;
    }
    for (const Field& entry : entries.fields()) {
      if (entry.key.IsNull()) continue;  // As Prometheus, which takes it and forgets it.
      if (entry.value.IsNull()) {
        texts->emplace_back(entry.name, "");
      } else if (entry.value.IsScalar()) {
        texts->emplace_back(entry.name, entry.value.Scalar());
      } else {
        mistakes_.Add(entry.value.Mark(), context,
                      fmt::format("\"{}\" in {} must be a text", entry.name, name));
      }
    }
  }

  const std::string file_;
  MistakeList mistakes_;
  std::vector<RuleGroup> groups_;
  size_t rule_count_ = 0;
};

bool HasWildcard(std::string_view pattern) {
  return pattern.find_first_of("*?[") != std::string_view::npos;
}

// The files of all patterns, each once, in the order of the patterns.
absl::StatusOr<std::vector<std::string>> FindFiles(const std::vector<std::string>& patterns) {
  std::vector<std::string> files;
  StringSet seen;
  for (const std::string& pattern : patterns) {
    VIGIL_ASSIGN_OR_RETURN(std::vector<std::string> matches, Glob(pattern));
    if (matches.empty() && !HasWildcard(pattern)) {
      return absl::NotFoundError(fmt::format("rule file \"{}\" does not exist", pattern));
    }
    for (std::string& match : matches) {
      if (seen.insert(match).second) files.push_back(std::move(match));
    }
  }
  return files;
}

}  // namespace

absl::StatusOr<std::vector<RuleGroup>> ParseRuleFile(std::string_view file_name,
                                                     std::string_view yaml) {
  // yaml-cpp throws when a node is asked for what it is not.
  try {
    return RuleFileReader(file_name).Read(yaml);
  } catch (const std::exception& e) {
    return absl::InvalidArgumentError(fmt::format("{}: YAML: {}", file_name, e.what()));
  }
}

absl::StatusOr<std::vector<RuleGroup>> LoadRuleFiles(const std::vector<std::string>& patterns) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> files, FindFiles(patterns));
  std::vector<RuleGroup> all;
  std::string mistakes;
  for (const std::string& file : files) {
    VIGIL_ASSIGN_OR_RETURN(const std::string yaml, ReadFile(file));
    absl::StatusOr<std::vector<RuleGroup>> groups = ParseRuleFile(file, yaml);
    if (groups.ok()) {
      for (RuleGroup& group : *groups) all.push_back(std::move(group));
    } else {
      mistakes += fmt::format("{}{}", mistakes.empty() ? "" : "\n", MessageOf(groups.status()));
    }
  }
  if (!mistakes.empty()) return absl::InvalidArgumentError(mistakes);
  return all;
}

}  // namespace vigil::alerting
