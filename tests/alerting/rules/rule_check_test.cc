// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_check.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RuleCheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(MakeDirectories(directory_));
    ASSERT_OK(WriteFile(good_,
                        "groups:\n- name: g\n  rules:\n  - {record: r, expr: up}\n"
                        "  - {alert: A, expr: up}\n  - {alert: B, expr: up}\n"));
    ASSERT_OK(WriteFile(bad_, "groups:\n- name: g\n  rules:\n  - {record: r}\n  - {}\n"));
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  // The warnings about one file that holds `yaml`.
  std::vector<std::string> WarningsOf(const std::string& yaml) {
    const std::string file = directory_ + "/w.yml";
    EXPECT_OK(WriteFile(file, yaml));
    std::vector<std::string> warnings;
    for (const RuleFileCheck& check : CheckRuleFiles({file})) {
      EXPECT_THAT(check.mistakes, IsEmpty());
      for (const std::string& warning : check.warnings) {
        warnings.push_back(warning.substr(directory_.size() + 1));
      }
    }
    return warnings;
  }
  std::vector<std::string> WarningsOfRule(const std::string& rule) {
    return WarningsOf("groups: [{name: g, rules: [" + rule + "]}]");
  }

  const std::string directory_ = ::testing::TempDir() + "/rule_check";
  const std::string good_ = directory_ + "/good.yml";
  const std::string bad_ = directory_ + "/bad.yml";
};

TEST_F(RuleCheckTest, CountsWhatIsThereAndListsWhatIsWrong) {
  EXPECT_EQ(RuleCheckText(CheckRuleFiles({good_})),
            good_ + ": OK: 1 group, 3 rules (2 alerting, 1 recording)\n");
  const std::string mistakes =
      bad_ + ":4:5: group \"g\", rule 1, \"r\": field 'expr' must be set in rule\n" + bad_ +
      ":5:5: group \"g\", rule 2, \"\": one of 'record' or 'alert' must be set\n" + bad_ +
      ":5:5: group \"g\", rule 2, \"\": field 'expr' must be set in rule\n";
  EXPECT_EQ(RuleCheckText(CheckRuleFiles({directory_ + "/*.yml", good_})),
            mistakes + good_ +
                ": OK: 1 group, 3 rules (2 alerting, 1 recording)\n"
                "2 files: 1 group, 3 rules (2 alerting, 1 recording); 1 refused\n");
  EXPECT_EQ(RuleCheckText(CheckRuleFiles({directory_ + "/nosuch"})),
            directory_ + "/nosuch: no such file\n");
}

TEST_F(RuleCheckTest, Json) {
  std::vector<RuleFileCheck> checks = CheckRuleFiles({bad_, good_});
  ASSERT_THAT(checks, SizeIs(2));
  checks[0].file = "bad.yml";
  checks[0].mistakes = {"wrong"};
  checks[1].file = "good.yml";
  EXPECT_EQ(RuleCheckJson(checks),
            "{\"ok\":false,\"files\":[{\"file\":\"bad.yml\",\"ok\":false,\"groups\":0,\"rules\":0,"
            "\"alerting\":0,\"recording\":0,\"mistakes\":[\"wrong\"],\"warnings\":[]},"
            "{\"file\":\"good.yml\",\"ok\":true,\"groups\":1,\"rules\":3,\"alerting\":2,"
            "\"recording\":1,\"mistakes\":[],\"warnings\":[]}]}\n");
}

TEST_F(RuleCheckTest, TheSameRuleTwice) {
  EXPECT_THAT(WarningsOf("groups:\n- name: g\n  rules:\n  - {record: r, expr: up}\n"
                         "  - {record: r, expr: down}\n  - {record: r, expr: up, labels: {a: b}}\n"
                         "- name: h\n  labels: {a: b}\n  rules:\n  - {record: r, expr: up}\n"),
              ElementsAre("w.yml:5: warning: group \"g\", \"r\": " + directory_ +
                              "/w.yml:4 records series of the same name and labels",
                          "w.yml:10: warning: group \"h\", \"r\": " + directory_ +
                              "/w.yml:6 records series of the same name and labels"));
  EXPECT_THAT(WarningsOfRule("{alert: A, expr: up}, {alert: A, expr: down}"), IsEmpty());
  EXPECT_THAT(WarningsOfRule("{alert: A, expr: up}, {alert: A, expr: up}"), SizeIs(1));
}

TEST_F(RuleCheckTest, ResultsThatNoRuleTakes) {
  EXPECT_THAT(
      WarningsOfRule("{record: r, expr: 'up[5m]'}"),
      ElementsAre(
          "w.yml:1: warning: group \"g\", \"r\": the expression gives a range vector, which "
          "no rule can take"));
  EXPECT_THAT(WarningsOfRule("{record: r, expr: '1'}"), IsEmpty());
}

TEST_F(RuleCheckTest, LabelsThatHoldTheValue) {
  EXPECT_THAT(
      WarningsOfRule("{alert: A, expr: up, labels: {v: 'is {{ humanize $value }}'}}"),
      ElementsAre("w.yml:1: warning: group \"g\", \"A\": label \"v\" holds the value: each change "
                  "of it ends the alert and begins another one"));
  EXPECT_THAT(WarningsOfRule("{alert: A, expr: up, labels: {v: '{{ if gt $value 1.0 }}a{{ end }}'},"
                             " annotations: {v: '{{ $value }}'}}"),
              IsEmpty());
}

TEST_F(RuleCheckTest, LabelsThatTheExpressionLeavesOut) {
  EXPECT_THAT(
      WarningsOfRule("{alert: A, expr: 'sum by (job) (up) > 1', annotations: {s: '{{ $labels.job }}"
                     " {{ $labels.instance }} {{ $labels.instance }} {{ .Labels.pod }}'}}"),
      ElementsAre(
          "w.yml:1: warning: group \"g\", \"A\": annotation \"s\" asks for the label \"instance\", "
          "which the expression leaves out",
          "w.yml:1: warning: group \"g\", \"A\": annotation \"s\" asks for the label \"pod\", "
          "which "
          "the expression leaves out"));
  for (const char* const expr : {"up > 1", "sum without (job) (up) > 1", "topk(1, up) > 1",
                                 "sum by (job) (up) + on (job) group_left (instance) up"}) {
    EXPECT_THAT(WarningsOfRule(std::string("{alert: A, expr: '") + expr +
                               "', annotations: {s: '{{ $labels.instance }}'}}"),
                IsEmpty())
        << expr;
  }
  EXPECT_THAT(WarningsOfRule("{alert: A, expr: 'sum(up) > 1', annotations: {s: '{{ range query "
                             "\"up\" }}{{ .Labels.instance }}{{ end }}'}}"),
              IsEmpty());
}

TEST_F(RuleCheckTest, DocumentsThatAreNotRead) {
  EXPECT_THAT(
      WarningsOf("# first\n---\ngroups: []\n--- # second\ngroups: []\n"),
      ElementsAre("w.yml:4: warning: only the first document of a file is read; this one is not"));
  EXPECT_THAT(WarningsOf("---\ngroups: []\n"), IsEmpty());
}

TEST_F(RuleCheckTest, WarnsOfWhatCanNeverBeTrue) {
  const std::string file = directory_ + "/odd.yml";
  ASSERT_OK(WriteFile(file,
                      "groups:\n- name: g\n  rules:\n  - {record: r, expr: up == 2}\n"
                      "  - {alert: A, expr: 'up{a=\"x\",a=\"y\"} > 5'}\n"));
  const std::vector<RuleFileCheck> checks = CheckRuleFiles({file});
  ASSERT_THAT(checks, SizeIs(1));
  EXPECT_TRUE(checks[0].ok());
  EXPECT_EQ(RuleCheckText(checks), file + ": OK: 1 group, 2 rules (1 alerting, 1 recording)\n" +
                                       file +
                                       ":5: warning: group \"g\", \"A\": up{a=\"x\",a=\"y\"} "
                                       "matches nothing: no value of \"a\" meets all its "
                                       "matchers\n");
}

}  // namespace
}  // namespace vigil::alerting
