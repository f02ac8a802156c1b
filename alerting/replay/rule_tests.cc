// SPDX-License-Identifier: Apache-2.0
#include "alerting/replay/rule_tests.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "alerting/replay/rule_test_file.h"
#include "alerting/replay/rule_test_run.h"
#include "alerting/rules/rule_file.h"
#include "base/file.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

absl::StatusOr<RuleTestFile> ReadTestFile(const std::string& path) {
  VIGIL_ASSIGN_OR_RETURN(const std::string yaml, ReadFile(path));
  return ParseRuleTestFile(path, yaml);
}

// The rule files of all patterns, each once; patterns without a match give warnings.
absl::StatusOr<std::vector<std::string>> FindRuleFiles(const RuleTestFile& file,
                                                       std::vector<std::string>* warnings) {
  const std::filesystem::path directory = std::filesystem::path(file.path).parent_path();
  std::vector<std::string> found;
  StringSet seen;
  for (const std::string& pattern : file.rule_files) {
    const std::string path = (directory / pattern).lexically_normal().string();
    VIGIL_ASSIGN_OR_RETURN(std::vector<std::string> matches, Glob(path));
    if (matches.empty()) {
      warnings->push_back(fmt::format("{}: no rule file matches \"{}\"", file.path, pattern));
    }
    for (std::string& match : matches) {
      if (seen.insert(match).second) found.push_back(std::move(match));
    }
  }
  return found;
}

// The groups of all rule files in the order in which they are evaluated: those that
// group_eval_order names, then the others as they come.
absl::StatusOr<std::vector<RuleGroup>> LoadGroups(const RuleTestFile& file,
                                                  std::vector<std::string>* warnings) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> paths, FindRuleFiles(file, warnings));
  VIGIL_ASSIGN_OR_RETURN(std::vector<RuleGroup> groups, LoadRuleFiles(paths));
  StringMap<size_t> places;
  for (const std::string& name : file.group_order) places.try_emplace(name, places.size());
  const auto place = [&places](const RuleGroup& group) {
    const auto found = places.find(group.name);
    return found == places.end() ? std::numeric_limits<size_t>::max() : found->second;
  };
  std::stable_sort(groups.begin(), groups.end(), [&place](const RuleGroup& a, const RuleGroup& b) {
    return place(a) < place(b);
  });
  return groups;
}

void RunTests(const RuleTestFile& file, const RuleTestFilter& filter,
              RuleTestFileOutcome* outcome) {
  std::vector<const RuleTest*> chosen;
  for (const RuleTest& test : file.tests) {
    if (!filter || filter(test.name)) chosen.push_back(&test);
  }
  // As nobody asks for them, rules that do not load are no failure.
  if (chosen.empty()) return;
  const absl::StatusOr<std::vector<RuleGroup>> groups = LoadGroups(file, &outcome->warnings);
  if (!groups.ok()) outcome->error = MessageOf(groups.status());
  for (const RuleTest* const test : chosen) {
    if (groups.ok()) {
      outcome->tests.push_back(RunRuleTest(file, *test, *groups));
    } else {
      outcome->tests.push_back({.name = test->name, .place = test->place});
    }
  }
}

}  // namespace

RuleTestFileOutcome RunRuleTestFile(const std::string& path, const RuleTestFilter& filter) {
  RuleTestFileOutcome outcome;
  outcome.path = path;
  const absl::StatusOr<RuleTestFile> file = ReadTestFile(path);
  if (file.ok()) {
    RunTests(*file, filter, &outcome);
  } else {
    outcome.error = MessageOf(file.status());
  }
  return outcome;
}

}  // namespace vigil::alerting
