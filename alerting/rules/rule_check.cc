// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_check.h"

#include <algorithm>

#include <absl/status/statusor.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "alerting/rules/group_lint.h"
#include "alerting/rules/rule_file.h"
#include "alerting/rules/rule_lint.h"
#include "base/file.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

using Json = nlohmann::ordered_json;

std::string Count(size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string Sums(size_t groups, size_t alerting, size_t recording) {
  return fmt::format("{}, {} ({} alerting, {} recording)", Count(groups, "group"),
                     Count(alerting + recording, "rule"), alerting, recording);
}

// The line, from 1, where a second document begins; 0 if there is none. A line that begins so is
// the end of a document wherever it stands.
int SecondDocument(std::string_view yaml) {
  int number = 0;
  bool content = false;
  for (const std::string_view line : Split(yaml, '\n')) {
    ++number;
    const std::string_view trimmed = Trim(line);
    const bool marker = line == "---" || line.starts_with("--- ") || line.starts_with("---\r");
    if (marker && content) return number;
    if (line == "...") return 0;  // What comes is another story, and rare.
    // Comments and directives stand before the first document.
    const bool before = trimmed.empty() || trimmed.starts_with('#') || line.starts_with('%');
    content |= marker || !before;
  }
  return 0;
}

// Checks `check->file` and puts its groups behind `*all`.
void CheckFile(RuleFileCheck* check, std::vector<RuleGroup>* all) {
  const absl::StatusOr<std::string> yaml = ReadFile(check->file);
  absl::StatusOr<std::vector<RuleGroup>> groups =
      yaml.ok() ? ParseRuleFile(check->file, *yaml) : yaml.status();
  if (!groups.ok()) {
    for (const std::string_view line : Split(MessageOf(groups.status()), '\n')) {
      check->mistakes.emplace_back(line);
    }
    return;
  }
  if (const int line = SecondDocument(*yaml); line != 0) {
    check->warnings.push_back(
        fmt::format("{}:{}: warning: only the first document of a file is read; this one is not",
                    check->file, line));
  }
  check->groups = groups->size();
  for (RuleGroup& group : *groups) {
    for (const Rule& rule : group.rules) {
      ++(rule.IsAlert() ? check->alerting : check->recording);
      for (const std::string& finding : LintRule(rule)) {
        check->warnings.push_back(fmt::format("{}:{}: warning: group \"{}\", \"{}\": {}",
                                              check->file, rule.line, group.name, rule.name(),
                                              finding));
      }
    }
    all->push_back(std::move(group));
  }
}

Json JsonOf(const std::vector<std::string>& lines) {
  Json list = Json::array();
  for (const std::string& line : lines) list.push_back(ReplaceInvalidUtf8(line));
  return list;
}

Json JsonOf(const RuleFileCheck& check) {
  return {{"file", ReplaceInvalidUtf8(check.file)},
          {"ok", check.ok()},
          {"groups", check.groups},
          {"rules", check.alerting + check.recording},
          {"alerting", check.alerting},
          {"recording", check.recording},
          {"mistakes", JsonOf(check.mistakes)},
          {"warnings", JsonOf(check.warnings)}};
}

}  // namespace

std::vector<RuleFileCheck> CheckRuleFiles(const std::vector<std::string>& patterns) {
  std::vector<RuleFileCheck> checks;
  std::vector<RuleGroup> groups;
  StringMap<size_t> places;
  for (const std::string& pattern : patterns) {
    const absl::StatusOr<std::vector<std::string>> files = Glob(pattern);
    if (!files.ok() || files->empty()) {
      RuleFileCheck& check = checks.emplace_back();
      check.file = pattern;
      check.mistakes.push_back(fmt::format("{}: no such file", pattern));
      continue;
    }
    for (const std::string& file : *files) {
      if (!places.try_emplace(file, checks.size()).second) continue;
      RuleFileCheck& check = checks.emplace_back();
      check.file = file;
      CheckFile(&check, &groups);
    }
  }
  for (RuleWarning& warning : LintGroups(groups)) {
    checks[places[warning.file]].warnings.push_back(
        fmt::format("{}:{}: warning: {}", warning.file, warning.line, warning.message));
  }
  return checks;
}

std::string RuleCheckText(const std::vector<RuleFileCheck>& checks) {
  std::string text;
  size_t groups = 0;
  size_t alerting = 0;
  size_t recording = 0;
  for (const RuleFileCheck& check : checks) {
    groups += check.groups;
    alerting += check.alerting;
    recording += check.recording;
    for (const std::string& mistake : check.mistakes) text += fmt::format("{}\n", mistake);
    if (check.ok()) {
      text += fmt::format("{}: OK: {}\n", check.file,
                          Sums(check.groups, check.alerting, check.recording));
    }
    for (const std::string& warning : check.warnings) {
      text += fmt::format("{}\n", warning);
    }
  }
  if (checks.size() < 2) return text;
  const size_t refused = std::count_if(checks.begin(), checks.end(),
                                       [](const RuleFileCheck& check) { return !check.ok(); });
  text += fmt::format("{}: {}{}\n", Count(checks.size(), "file"), Sums(groups, alerting, recording),
                      refused == 0 ? "" : fmt::format("; {} refused", refused));
  return text;
}

std::string RuleCheckJson(const std::vector<RuleFileCheck>& checks) {
  Json files = Json::array();
  bool ok = true;
  for (const RuleFileCheck& check : checks) {
    ok &= check.ok();
    files.push_back(JsonOf(check));
  }
  return Json({{"ok", ok}, {"files", std::move(files)}}).dump() + "\n";
}

}  // namespace vigil::alerting
