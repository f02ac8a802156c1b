// SPDX-License-Identifier: Apache-2.0
//
// What shorthands expand to, and what becomes of that when it is evaluated.
#include "alerting/shorthand/shorthand.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "alerting/rules/rule_file.h"
#include "alerting/rules/rule_yaml.h"
#include "base/file.h"
#include "base/status.h"
#include "tests/alerting/rules/rule_script.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/text_test.h"

namespace vigil::alerting {
namespace {

// Groups without what the file they stand in has to do with.
std::vector<RuleGroup> Anonymous(std::vector<RuleGroup> groups) {
  for (RuleGroup& group : groups) {
    group.file.clear();
    for (Rule& rule : group.rules) rule.line = 0;
  }
  return groups;
}

// The plain rules as YAML, which must read back as the same rules.
std::string Expand(const ::vigil::testing::TextCase& text_case) {
  const absl::StatusOr<std::vector<RuleGroup>> groups = ParseRuleFile("f.yml", text_case.input);
  if (!groups.ok()) return std::string(MessageOf(groups.status()));
  const std::string yaml = WriteRuleYaml(*groups);
  const absl::StatusOr<std::vector<RuleGroup>> again = ParseRuleFile("again.yml", yaml);
  if (!again.ok()) return std::string(MessageOf(again.status()));
  const bool is_plain = text_case.Arg("plain", "yes") == "yes";
  if (is_plain && Anonymous(*again) != Anonymous(*groups)) return "does not read back: " + yaml;
  for (const RuleGroup& group : *again) {
    for (const Rule& rule : group.rules) {
      if (rule.extensions != RuleExtensions()) return "not plain: " + yaml;
    }
  }
  return yaml;
}

class ShorthandExpansionTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ShorthandExpansionTest, Script) {
  ::vigil::testing::RunTextScript(
      std::string("tests/alerting/shorthand/testdata/expand_") + GetParam() + ".txt", Expand);
}

INSTANTIATE_TEST_SUITE_P(Scripts, ShorthandExpansionTest,
                         ::testing::Values("slo", "absence", "deviation", "budget", "extensions"),
                         [](const auto& info) { return std::string(info.param); });

class ShorthandBehaviourTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ShorthandBehaviourTest, Script) {
  RuleScript script;
  ::vigil::testing::RunTextScript(
      std::string("tests/alerting/shorthand/testdata/run_") + GetParam() + ".txt",
      [&script](const ::vigil::testing::TextCase& text_case) { return script.Run(text_case); });
}

INSTANTIATE_TEST_SUITE_P(Scripts, ShorthandBehaviourTest,
                         ::testing::Values("slo", "absence", "deviation", "budget"),
                         [](const auto& info) { return std::string(info.param); });

TEST(ShorthandTest, RulesKnowTheLineOfTheirShorthand) {
  const auto groups = ParseRuleFile("f.yml",
                                    "groups:\n- name: g\n  rules:\n  - record: r\n    expr: x\n"
                                    "  - budget: {alert: B, cost: c, monthly: 5}\n");
  ASSERT_OK(groups);
  ASSERT_EQ(groups->front().rules.size(), 6u);
  EXPECT_EQ(groups->front().rules[0].line, 4);
  for (size_t i = 1; i < 6; ++i) EXPECT_EQ(groups->front().rules[i].line, 6);
}

TEST(ShorthandTest, TheExampleFileLoads) {
  const absl::StatusOr<std::string> yaml = ReadFile("examples/rules/slo.yaml");
  ASSERT_OK(yaml);
  const auto groups = ParseRuleFile("slo.yaml", *yaml);
  ASSERT_OK(groups);
  ASSERT_OK(ParseRuleFile("again.yml", WriteRuleYaml(*groups)));
}

}  // namespace
}  // namespace vigil::alerting
