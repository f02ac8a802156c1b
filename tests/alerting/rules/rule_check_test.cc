// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_check.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

TEST(RuleCheckTest, CountsWhatIsThereAndListsWhatIsWrong) {
  const std::string directory = ::testing::TempDir() + "/rule_check";
  ASSERT_OK(MakeDirectories(directory));
  const std::string good = directory + "/good.yml";
  const std::string bad = directory + "/bad.yml";
  ASSERT_OK(WriteFile(good,
                      "groups:\n- name: g\n  rules:\n  - {record: r, expr: up}\n"
                      "  - {alert: A, expr: up}\n  - {alert: B, expr: up}\n"));
  ASSERT_OK(WriteFile(bad, "groups:\n- name: g\n  rules:\n  - {record: r}\n"));

  const RuleCheckReport fine = CheckRuleFiles({good});
  EXPECT_TRUE(fine.ok);
  EXPECT_EQ(fine.text, good + ": OK: 1 group, 3 rules (2 alerting, 1 recording)\n");

  const RuleCheckReport mixed = CheckRuleFiles({directory + "/*.yml"});
  EXPECT_FALSE(mixed.ok);
  EXPECT_EQ(
      mixed.text,
      bad + ":4:5: group \"g\", rule 1, \"r\": field 'expr' must be set in rule\n" + fine.text);

  const RuleCheckReport missing = CheckRuleFiles({directory + "/nosuch"});
  EXPECT_FALSE(missing.ok);
  EXPECT_EQ(missing.text, directory + "/nosuch: no such file\n");
}

TEST(RuleCheckTest, WarnsOfWhatCanNeverBeTrue) {
  const std::string directory = ::testing::TempDir() + "/rule_warnings";
  ASSERT_OK(MakeDirectories(directory));
  const std::string file = directory + "/odd.yml";
  ASSERT_OK(WriteFile(file,
                      "groups:\n- name: g\n  rules:\n  - {record: r, expr: up == 2}\n"
                      "  - {alert: A, expr: 'up{a=\"x\",a=\"y\"} > 5'}\n"));
  const RuleCheckReport report = CheckRuleFiles({file});
  EXPECT_TRUE(report.ok);
  EXPECT_EQ(report.text, file + ": OK: 1 group, 2 rules (1 alerting, 1 recording)\n" + file +
                             ":5: warning: group \"g\", \"A\": up{a=\"x\",a=\"y\"} matches "
                             "nothing: no value of \"a\" meets all its matchers\n");
}

}  // namespace
}  // namespace vigil::alerting
