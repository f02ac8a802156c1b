// SPDX-License-Identifier: Apache-2.0
#include "cli/shell/statement.h"

#include <string>

#include <gtest/gtest.h>

namespace vigil::cli {
namespace {

TEST(StatementTest, OpenBracketsGoOn) {
  for (const char* const text :
       {"sum(", "sum by (", "x{", "x{a=\"b\",", "rate(x[5m]", "x[5m", "sum(\n  rate(x[5m])\n",
        "a +", "a and on(b)\n  c or", "x offset", "x > bool", "{a=`raw", "x @"}) {
    EXPECT_TRUE(IsUnfinished(text)) << text;
  }
}

TEST(StatementTest, WhatIsWholeOrWrongDoesNot) {
  for (const char* const text : {"", "x", "sum(x)", "sum(\nx\n)", "x{a=\"(\"}", "x # (", "x)",
                                 "x}{", "x{a=\"b", "5 + 5m", "\"(\"", "sum(x))"}) {
    EXPECT_FALSE(IsUnfinished(text)) << text;
  }
}

TEST(StatementTest, OneLineMeansTheSame) {
  EXPECT_EQ(OnOneLine("sum(x)"), "sum(x)");
  EXPECT_EQ(OnOneLine("sum(\n  rate(x[5m])\n)"), "sum(   rate(x[5m]) )");
  EXPECT_EQ(OnOneLine("sum( # all of it\n  x # \"here\"\n)"), "sum ( x )");
  EXPECT_EQ(OnOneLine("x # one line"), "x # one line");
  EXPECT_EQ(OnOneLine("label_replace(x,\n\"a#b\", \"c\")"),
            "label_replace ( x , \"a#b\" , \"c\" )");
}

}  // namespace
}  // namespace vigil::cli
