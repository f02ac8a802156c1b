// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/presence.h"

#include <string>

#include <gtest/gtest.h>

#include "query/promql/parser.h"

namespace vigil::alerting {
namespace {

std::string Presence(std::string_view text) {
  absl::StatusOr<promql::ExprPtr> expr = promql::ParseExpr(text);
  if (!expr.ok()) return "does not parse";
  const promql::ExprPtr presence = MakePresenceExpr(*std::move(expr));
  return presence == nullptr ? "none" : promql::Print(*presence);
}

TEST(PresenceTest, ComparisonsGo) {
  EXPECT_EQ(Presence("up == 0"), "up");
  EXPECT_EQ(Presence("0 == up"), "up");
  EXPECT_EQ(Presence("rate(x[5m]) > 5"), "rate(x[5m])");
  EXPECT_EQ(Presence("(a / b > 0.1) * 100"), "(a / b) * 100");
  EXPECT_EQ(Presence("1 < x <= 5"), "x");
  EXPECT_EQ(Presence("sum by (job) (x > 5)"), "sum by (job) (x)");
  EXPECT_EQ(Presence("max_over_time((x > 5)[5m:1m])"), "max_over_time((x)[5m:1m])");
}

TEST(PresenceTest, BothSidesOfVectorsMustBeThere) {
  EXPECT_EQ(Presence("a > on (job) group_left () b"), "a + on (job) group_left () b");
  EXPECT_EQ(Presence("a > 1 and b < 2"), "a and b");
  EXPECT_EQ(Presence("a > 1 or b > 1"), "a or b");
  EXPECT_EQ(Presence("a > 1 unless on (job) maintenance == 1"), "a");
}

TEST(PresenceTest, WhatIsThereStays) {
  EXPECT_EQ(Presence("up"), "up");
  EXPECT_EQ(Presence("x > bool 5"), "x > bool 5");
  EXPECT_EQ(Presence("vector(1)"), "vector(1)");
}

TEST(PresenceTest, NoTelling) {
  EXPECT_EQ(Presence("absent(up)"), "none");
  EXPECT_EQ(Presence("x == 0 or absent(x)"), "none");
  EXPECT_EQ(Presence("absent_over_time(x[5m]) == 1"), "none");
  EXPECT_EQ(Presence("time() > bool 5"), "none");
}

}  // namespace
}  // namespace vigil::alerting
