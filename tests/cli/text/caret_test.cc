// SPDX-License-Identifier: Apache-2.0
#include "cli/text/caret.h"

#include <string>

#include <gtest/gtest.h>

namespace vigil::cli {
namespace {

TEST(CaretTest, StandsBelowTheColumn) {
  EXPECT_EQ(PointAtError("sum(", "1:5: parse error: unclosed left parenthesis", 80),
            "  sum(\n"
            "      ^\n");
  EXPECT_EQ(PointAtError("rate(x)", "1:6: parse error: expected a range vector", 0),
            "  rate(x)\n"
            "       ^\n");
  EXPECT_EQ(PointAtError("{a=}", "parse error at line 1, col 4: unexpected }", 80),
            "  {a=}\n"
            "     ^\n");
  EXPECT_EQ(PointAtError("x{", "match[]: 1:3: parse error: unexpected end", 80),
            "  x{\n"
            "    ^\n");
}

TEST(CaretTest, ShowsTheLineOfTheErrorOnly) {
  EXPECT_EQ(PointAtError("sum(\n  x +* y\n)", "2:6: parse error: unexpected *", 80),
            "    x +* y\n"
            "       ^\n");
}

TEST(CaretTest, CountsColumnsAsTheTerminalDoes) {
  // Columns of errors are bytes: the string takes nine of them, and eight columns with its quotes.
  EXPECT_EQ(PointAtError("\"日本語\" ?", "1:13: parse error: unexpected character", 80),
            "  \"日本語\" ?\n"
            "           ^\n");
  EXPECT_EQ(PointAtError("a\t?", "1:3: parse error: unexpected character", 80),
            "  a\\t?\n"
            "     ^\n");
}

TEST(CaretTest, CutsLongLinesAroundThePlace) {
  const std::string query = std::string(100, 'a') + "?" + std::string(100, 'b');
  EXPECT_EQ(PointAtError(query, "1:101: parse error: unexpected character", 43),
            "  " + std::string(27, 'a') + "?" + std::string(12, 'b') + "\n" + std::string(29, ' ') +
                "^\n");
}

TEST(CaretTest, NothingWithoutAPlace) {
  EXPECT_EQ(PointAtError("x", "the query is too expensive", 80), "");
  EXPECT_EQ(PointAtError("x", ": parse error", 80), "");
  EXPECT_EQ(PointAtError("x", "7:1: parse error: line that is not there", 80), "");
  EXPECT_EQ(PointAtError("", "1:1: parse error: empty", 80), "  \n  ^\n");
  EXPECT_EQ(PointAtError("x", "1:99: parse error: far away", 80), "  x\n   ^\n");
}

}  // namespace
}  // namespace vigil::cli
