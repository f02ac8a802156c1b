// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/rule_lint.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/promql/parser.h"

namespace vigil::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Lint(std::string_view text) {
  const absl::StatusOr<promql::ExprPtr> expr = promql::ParseExpr(text);
  if (!expr.ok()) return {"does not parse"};
  return LintExpr(**expr);
}

TEST(RuleLintTest, MatchersThatContradictEachOther) {
  for (const char* const text :
       {"{a=\"x\",a=\"y\"}", "up{a=\"x\",a!=\"x\"}", "up{a=\"x\",a=~\"y.*\"}",
        "up{a=\"x\",a!~\"x|y\"}", "rate(up{a=~\"x|y\",a=~\"z.*\"}[5m]) > 1", "up{a=\"\",a=~\".+\"}",
        "sum(up) / sum(up{a=~\"x|y\",a!~\".+\"})", "max_over_time(up{a=\"x\",a=\"y\"}[1h:5m])"}) {
    EXPECT_THAT(Lint(text), ElementsAre(HasSubstr("matches nothing"))) << text;
  }
  for (const char* const text :
       {"up{a=\"x\",b=\"y\"}", "up{a=\"x\",a=~\"x|y\"}", "up{a=\"x\",a!=\"y\"}",
        "up{a=~\"x.*\",a=~\"y.*\"}", "up{a=~\"x|y\",a!=\"x\"}", "up{a=\"\",a!=\"x\"}"}) {
    EXPECT_THAT(Lint(text), IsEmpty()) << text;
  }
}

TEST(RuleLintTest, ComparisonsOfConstants) {
  EXPECT_THAT(Lint("vector(1) > 2"),
              ElementsAre("vector(1) > 2 compares constants: it is never true"));
  EXPECT_THAT(Lint("vector(1) < 2 * 3"), ElementsAre(HasSubstr("always true")));
  EXPECT_THAT(Lint("up and on () (vector(-1) > (2 - 3))"), ElementsAre(HasSubstr("never true")));
  EXPECT_THAT(Lint("1 > bool 2"), ElementsAre(HasSubstr("never true")));
  EXPECT_THAT(Lint("vector(time()) > 2"), IsEmpty());
  EXPECT_THAT(Lint("hour() > 8"), IsEmpty());
}

TEST(RuleLintTest, RangesWithoutANumber) {
  for (const char* const text :
       {"x > 5 < 3", "(x >= 5) < 5", "5 < x <= 5", "x == 1 == 2", "x > 5 and x < 3",
        "rate(x[5m]) > 5 and rate(x[5m]) == 5", "(x > 1 < 9) and x > 9"}) {
    EXPECT_THAT(Lint(text), ElementsAre(HasSubstr("no number is in both ranges"))) << text;
  }
  for (const char* const text :
       {"up == 2", "x > 5 < 7", "x >= 5 <= 5", "x > 5 and y < 3", "x > 5 and on (job) x < 3",
        "x > 5 or x < 3", "x != 1 != 2", "x == 1 and x != 2", "x > bool 5 < bool 3"}) {
    EXPECT_THAT(Lint(text), IsEmpty()) << text;
  }
}

TEST(RuleLintTest, WhatIsTakenFromItself) {
  EXPECT_THAT(Lint("up unless up"), ElementsAre(HasSubstr("both sides are the same")));
  EXPECT_THAT(Lint("up unless up == 1"), IsEmpty());
  EXPECT_THAT(Lint("up unless on (job) up"), IsEmpty());
  EXPECT_THAT(Lint("up offset 5m unless up"), IsEmpty());
}

TEST(RuleLintTest, RulesAsAWhole) {
  Rule rule;
  rule.alert = "A";
  rule.expr = "time()";
  EXPECT_THAT(LintRule(rule), ElementsAre(HasSubstr("always fires")));
  rule.expr = "x > 5";
  EXPECT_THAT(LintRule(rule), IsEmpty());
  rule.extensions.levels = Levels{.levels = {{"warning", 5, 5}}};
  EXPECT_THAT(LintRule(rule), ElementsAre(HasSubstr("levels judge the bare value")));
  rule.expr = "broken(";
  EXPECT_THAT(LintRule(rule), IsEmpty());
}

}  // namespace
}  // namespace vigil::alerting
