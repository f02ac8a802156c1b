// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_check.h"

#include <algorithm>
#include <string_view>

#include <absl/status/statusor.h>
#include <fmt/format.h>

#include "alerting/rules/rule_file.h"
#include "alerting/rules/rule_lint.h"
#include "base/file.h"
#include "base/status.h"

namespace vigil::alerting {
namespace {

std::string Count(size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string DescribeGroups(const std::string& file, const std::vector<RuleGroup>& groups) {
  size_t alerting = 0;
  size_t recording = 0;
  for (const RuleGroup& group : groups) {
    const size_t alerts = std::count_if(group.rules.begin(), group.rules.end(),
                                        [](const Rule& rule) { return rule.IsAlert(); });
    alerting += alerts;
    recording += group.rules.size() - alerts;
  }
  return fmt::format("{}: OK: {}, {} ({} alerting, {} recording)\n", file,
                     Count(groups.size(), "group"), Count(alerting + recording, "rule"), alerting,
                     recording);
}

// What is allowed but cannot be meant.
std::string DescribeFindings(const std::string& file, const std::vector<RuleGroup>& groups) {
  std::string text;
  for (const RuleGroup& group : groups) {
    for (const Rule& rule : group.rules) {
      for (const std::string& finding : LintRule(rule)) {
        text += fmt::format("{}:{}: warning: group \"{}\", \"{}\": {}\n", file, rule.line,
                            group.name, rule.name(), finding);
      }
    }
  }
  return text;
}

void CheckFile(const std::string& file, RuleCheckReport* report) {
  const absl::StatusOr<std::string> yaml = ReadFile(file);
  const absl::StatusOr<std::vector<RuleGroup>> groups =
      yaml.ok() ? ParseRuleFile(file, *yaml) : yaml.status();
  if (groups.ok()) {
    report->text += DescribeGroups(file, *groups) + DescribeFindings(file, *groups);
  } else {
    report->ok = false;
    report->text += fmt::format("{}\n", MessageOf(groups.status()));
  }
}

}  // namespace

RuleCheckReport CheckRuleFiles(const std::vector<std::string>& patterns) {
  RuleCheckReport report;
  for (const std::string& pattern : patterns) {
    const absl::StatusOr<std::vector<std::string>> files = Glob(pattern);
    if (!files.ok() || files->empty()) {
      report.ok = false;
      report.text += fmt::format("{}: no such file\n", pattern);
      continue;
    }
    for (const std::string& file : *files) CheckFile(file, &report);
  }
  return report;
}

}  // namespace vigil::alerting
