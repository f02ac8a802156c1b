// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_file.h"

#include <random>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/duration.h"
#include "base/file.h"
#include "base/status.h"
#include "base/strings.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/text_test.h"

namespace vigil::alerting {
namespace {

using ::testing::HasSubstr;
using ::vigil::testing::StatusIs;

std::string Pairs(std::string_view title,
                  const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string text;
  for (const auto& [name, value] : pairs) {
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : " ", name, value);
  }
  return text.empty() ? "" : fmt::format(" {}[{}]", title, text);
}

std::string Dump(const RuleExtensions& extensions) {
  std::string text;
  if (extensions.ratio.has_value()) {
    const Ratio& ratio = *extensions.ratio;
    text += fmt::format(" ratio[{} of {} confidence {} from {} events]", ratio.errors, ratio.total,
                        ratio.confidence, ratio.min_events);
  }
  if (extensions.levels.has_value()) {
    text += fmt::format(" levels[{} {}", extensions.levels->label,
                        ThresholdOpText(extensions.levels->op));
    for (const Level& level : extensions.levels->levels) {
      text += fmt::format(" {}={}/{}", level.name, level.at, level.recover);
    }
    text += "]";
  }
  if (extensions.no_data != NoDataPolicy()) {
    text += fmt::format(" no_data[{} {}]", static_cast<int>(extensions.no_data.action),
                        FormatDurationMs(extensions.no_data.forget_ms));
  }
  if (extensions.partial_data.keep) {
    text += fmt::format(" partial_data[{} {}]", extensions.partial_data.below,
                        FormatDurationMs(extensions.partial_data.window_ms));
  }
  if (extensions.late_data_ms != 0) {
    text += fmt::format(" late_data[{}]", FormatDurationMs(extensions.late_data_ms));
  }
  return text;
}

std::string Dump(const Rule& rule) {
  std::string text = fmt::format("  {} {}: {} (line {})", rule.IsAlert() ? "alert" : "record",
                                 rule.name(), rule.expr, rule.line);
  if (rule.for_ms != 0) text += fmt::format(" for {}", FormatDurationMs(rule.for_ms));
  if (rule.keep_firing_for_ms != 0) {
    text += fmt::format(" keep {}", FormatDurationMs(rule.keep_firing_for_ms));
  }
  return text + Pairs("labels", rule.labels) + Pairs("annotations", rule.annotations) +
         Dump(rule.extensions) + "\n";
}

std::string Parse(const ::vigil::testing::TextCase& text_case) {
  const auto groups = ParseRuleFile("f.yml", text_case.input);
  if (!groups.ok()) return std::string(MessageOf(groups.status()));
  if (groups->empty()) return "no groups";
  std::string text;
  for (const RuleGroup& group : *groups) {
    text += fmt::format("{};{} interval={} offset={} limit={}{}\n", group.file, group.name,
                        group.interval_ms, group.query_offset_ms, group.limit,
                        Pairs("labels", group.labels));
    for (const Rule& rule : group.rules) text += Dump(rule);
  }
  return text;
}

TEST(RuleFileTest, Script) {
  ::vigil::testing::RunTextScript("tests/alerting/rules/testdata/rule_file.txt", Parse);
}

TEST(RuleFileTest, Extensions) {
  ::vigil::testing::RunTextScript("tests/alerting/rules/testdata/rule_extensions.txt", Parse);
}

TEST(RuleFileTest, Mistakes) {
  ::vigil::testing::RunTextScript("tests/alerting/rules/testdata/rule_mistakes.txt", Parse);
}

TEST(RuleFileTest, Styles) {
  // What is read from them is held against Prometheus by tests/e2e/test_rules_test.py.
  ::vigil::testing::RunTextScript("tests/alerting/rules/testdata/rule_styles.txt",
                                  [](const ::vigil::testing::TextCase& text_case) {
                                    const auto groups = ParseRuleFile("f.yml", text_case.input);
                                    return groups.ok() ? "taken"
                                                       : std::string(MessageOf(groups.status()));
                                  });
}

// What an editor on another system leaves behind.
TEST(RuleFileTest, LineEndsAndByteOrderMarks) {
  constexpr std::string_view kFile =
      "\xEF\xBB\xBFgroups:\r\n- name: g\r\n  rules:\r\n  - record: a\r\n    expr: |\r\n      "
      "sum(\r\n"
      "      up)\r\n  - alert: B\r\n    expr: up\r\n    annotations: {s: 'a\r\n      b'}\r\n";
  ASSERT_OK_AND_ASSIGN(const auto groups, ParseRuleFile("f.yml", kFile));
  ASSERT_EQ(groups.size(), 1u);
  ASSERT_EQ(groups[0].rules.size(), 2u);
  EXPECT_EQ(groups[0].rules[0].expr, "sum(\nup)\n");
  EXPECT_EQ(groups[0].rules[1].annotations[0].second, "a b");
}

TEST(RuleFileTest, CharactersThatNoYamlHolds) {
  using namespace std::string_view_literals;  // NOLINT: for texts with zeros in them.
  const auto error = [](std::string_view yaml) {
    return std::string(MessageOf(ParseRuleFile("f.yml", yaml).status()));
  };
  EXPECT_EQ(error("groups:\n- name: \0"sv),
            "f.yml:2:9: YAML: a control character is not allowed here");
  EXPECT_EQ(error("groups: [{name: \xff}]"), "f.yml:1:17: YAML: this is not UTF-8");
  EXPECT_EQ(error("# \xc3\xa9\ngroups: [{name: \xe9}]"), "f.yml:2:17: YAML: this is not UTF-8");
  EXPECT_EQ(error("groups: [{name: g}] # \xc3"), "f.yml:1:23: YAML: this is not UTF-8");
  EXPECT_EQ(error("groups: [{name: \xe2\x98\x83}]"), "");
}

TEST(RuleFileTest, MistakesAreCountedBeyondAHundred) {
  std::string yaml = "groups:\n- name: g\n  rules:\n";
  for (int i = 0; i < 130; ++i) yaml += "  - {}\n";
  const auto groups = ParseRuleFile("f.yml", yaml);
  EXPECT_THAT(groups, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("\nf.yml: 160 more mistakes")));
}

// Each level names the one below ten times: ten thousand million rules if they were all read.
TEST(RuleFileTest, AliasesCannotMultiplyRulesForEver) {
  std::string yaml = "groups:\n- name: a\n  rules: &r\n";
  for (int i = 0; i < 2'000; ++i) yaml += "  - {record: r, expr: up}\n";
  for (int i = 0; i < 2'000; ++i) yaml += fmt::format("- {{name: g{}, rules: *r}}\n", i);
  EXPECT_THAT(ParseRuleFile("f.yml", yaml),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("more than 100000 rules")));
}

TEST(RuleFileTest, ManyLabelsAreRefusedQuickly) {
  std::string yaml = "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    labels:\n";
  for (int i = 0; i < 50'000; ++i) yaml += fmt::format("      l{}: '{{{{'\n", i);
  EXPECT_THAT(ParseRuleFile("f.yml", yaml),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("more than 1000 labels")));
}

TEST(RuleFileTest, DeepNestingIsRefused) {
  const std::string open(100'000, '[');
  EXPECT_THAT(ParseRuleFile("f.yml", open), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(RuleFileTest, HostileBytesGiveMistakes) {
  constexpr unsigned kSeed = 7;
  constexpr std::string_view kBytes = "{}[]:-&*<>|!'\"#,?\n \t%@`\x80\xff\0x";
  std::mt19937 random(kSeed);
  const auto script = ReadFile("tests/alerting/rules/testdata/rule_file.txt");
  ASSERT_OK(script);
  for (int round = 0; round < 2'000; ++round) {
    std::string yaml = script->substr(random() % script->size(), 200 + random() % 400);
    for (int edit = 0; edit < 5; ++edit) {
      yaml[random() % yaml.size()] = kBytes[random() % kBytes.size()];
    }
    ParseRuleFile("f.yml", yaml).IgnoreError();
    ParseRuleFile("f.yml", "groups:\n" + yaml).IgnoreError();
  }
}

class LoadRuleFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = ::testing::TempDir() + "/load_rule_files";
    ASSERT_OK(MakeDirectories(directory_));
    ASSERT_OK(WriteFile(Path("a.yml"), "groups: [{name: a}]"));
    ASSERT_OK(WriteFile(Path("b.yml"), "groups: [{name: b}]"));
    ASSERT_OK(WriteFile(Path("bad.yaml"), "groups: [{}]"));
    ASSERT_OK(WriteFile(Path("worse.yaml"), "x: 1"));
  }
  std::string Path(std::string_view name) const { return fmt::format("{}/{}", directory_, name); }

  std::string directory_;
};

TEST_F(LoadRuleFilesTest, EachFileOnce) {
  ASSERT_OK_AND_ASSIGN(const auto groups, LoadRuleFiles({Path("*.yml"), Path("a.yml")}));
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].name, "a");
  EXPECT_EQ(groups[0].file, Path("a.yml"));
  EXPECT_EQ(groups[1].name, "b");
}

TEST_F(LoadRuleFilesTest, APatternWithoutWildcardsMustMatch) {
  EXPECT_OK(LoadRuleFiles({Path("nosuch*.yml")}));
  EXPECT_THAT(LoadRuleFiles({Path("nosuch.yml")}), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(LoadRuleFilesTest, MistakesOfAllFilesAreReported) {
  EXPECT_THAT(LoadRuleFiles({Path("*.y*ml")}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       ::testing::AllOf(HasSubstr("bad.yaml:1:10: group \"\": Groupname"),
                                        HasSubstr("\n" + Path("worse.yaml:1:1: unknown key")))));
}

}  // namespace
}  // namespace vigil::alerting
