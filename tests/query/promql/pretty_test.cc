// SPDX-License-Identifier: Apache-2.0
#include "query/promql/pretty.h"

#include <string>

#include <gtest/gtest.h>

#include "query/promql/parser.h"

namespace vigil::promql {
namespace {

// `query` formatted, after a check that it still says the same.
std::string Formatted(std::string_view query) {
  const ExprPtr expr = ParseExpr(query).value();
  const std::string text = PrettyPrint(*expr);
  EXPECT_EQ(Print(*ParseExpr(text).value()), Print(*expr));
  return text;
}

TEST(PrettyTest, WhatFitsStaysOnItsLine) {
  EXPECT_EQ(Formatted("sum(rate(a[5m]))by(job)/  on(job) b # why"),
            "sum by (job) (rate(a[5m])) / on (job) b");
}

TEST(PrettyTest, OperatorsStandBetweenTheirSides) {
  EXPECT_EQ(Formatted(R"(topk by (a,b) (10, sum by (job, instance, another_label) ()"
                      R"(rate(http_requests_total_with_a_long_name{job="api", path=~"/v1/.*"})"
                      R"([5m]))) / on(job) group_left(x) sum without(y)()"
                      R"(rate(foo_bar_baz_total_with_a_long_name[5m] offset 5m)))"),
            R"(  topk by (a, b) (
    10,
    sum by (job, instance, another_label) (
      rate(http_requests_total_with_a_long_name{job="api",path=~"/v1/.*"}[5m])
    )
  )
/ on (job) group_left (x)
  sum without (y) (rate(foo_bar_baz_total_with_a_long_name[5m] offset 5m)))");
}

TEST(PrettyTest, Subqueries) {
  EXPECT_EQ(Formatted(R"(max_over_time(sum by (job, instance, another_label) ()"
                      R"(rate(http_requests_total_with_a_long_name{job="api", path=~"/v1/.*"})"
                      R"([5m]))[1h:1m] @ end() offset 5m))"),
            R"(max_over_time(
  sum by (job, instance, another_label) (
    rate(http_requests_total_with_a_long_name{job="api",path=~"/v1/.*"}[5m])
  )[1h:1m] @ end() offset 5m
))");
}

TEST(PrettyTest, SignsAndParentheses) {
  EXPECT_EQ(Formatted(R"(-(sum by (job, instance, another_label) ()"
                      R"(rate(http_requests_total_with_a_long_name{job="api", path=~"/v1/.*"})"
                      R"([5m])) > bool 5))"),
            R"(-(
    sum by (job, instance, another_label) (
      rate(http_requests_total_with_a_long_name{job="api",path=~"/v1/.*"}[5m])
    )
  > bool
    5
))");
}

TEST(PrettyTest, ArgumentsAndWhatCannotBeSplit) {
  const std::string selector =
      R"(up{a="aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",b="bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb)"
      R"(bbbbbbbbbbbbbbbbbb"})";
  EXPECT_EQ(Formatted("label_replace(" + selector + R"(, "x", "y", "z", "w"))"),
            "label_replace(\n  " + selector + ",\n  \"x\",\n  \"y\",\n  \"z\",\n  \"w\"\n)");
  EXPECT_EQ(Formatted("sum(" + selector + ")"), "sum(\n  " + selector + "\n)");
  EXPECT_EQ(Formatted(selector + " or " + selector), "  " + selector + "\nor\n  " + selector);
}

}  // namespace
}  // namespace vigil::promql
