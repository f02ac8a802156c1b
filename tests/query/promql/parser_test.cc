// SPDX-License-Identifier: Apache-2.0
//
// The parser, driven by testdata/*.txt. Every input line is a text of its own, unless the command
// has the argument `whole`, and is repeated above what came of it. Commands: tree, print, spans
// (each node's piece of the text), selector, series.
#include "query/promql/parser.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "base/strings.h"
#include "query/promql/functions.h"
#include "tests/query/promql/tree_dump.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/text_test.h"

namespace vigil::promql {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;
using ::vigil::testing::StatusIs;

std::string SpansOf(std::string_view text, const Expr& expr) {
  std::string lines(text.substr(expr.span.begin, expr.span.end - expr.span.begin));
  const auto add = [&](const ExprPtr& child) {
    if (child != nullptr) lines += " | " + SpansOf(text, *child);
  };
  switch (expr.kind) {
    case ExprKind::kSubquery:
      add(As<Subquery>(expr).expr);
      break;
    case ExprKind::kCall:
      for (const ExprPtr& arg : As<Call>(expr).args) add(arg);
      break;
    case ExprKind::kAggregate:
      add(As<Aggregate>(expr).param);
      add(As<Aggregate>(expr).expr);
      break;
    case ExprKind::kBinary:
      add(As<Binary>(expr).lhs);
      add(As<Binary>(expr).rhs);
      break;
    case ExprKind::kUnary:
      add(As<Unary>(expr).expr);
      break;
    case ExprKind::kParen:
      add(As<Paren>(expr).expr);
      break;
    default:
      break;
  }
  return lines;
}

std::string MatchersText(const std::vector<storage::Matcher>& matchers) {
  std::string text;
  for (const storage::Matcher& matcher : matchers)
    text += (text.empty() ? "" : " ") + matcher.ToString();
  return text;
}

std::string Answer(const std::string& command, std::string_view text) {
  if (command == "selector") {
    const auto matchers = ParseSelector(text);
    return matchers.ok() ? MatchersText(*matchers) : std::string(MessageOf(matchers.status()));
  }
  if (command == "series") {
    const auto labels = ParseSeries(text);
    return labels.ok() ? labels->ToString() : std::string(MessageOf(labels.status()));
  }
  const absl::StatusOr<ExprPtr> expr = ParseExpr(text);
  if (!expr.ok()) return std::string(MessageOf(expr.status()));
  if (command == "tree") return DumpTree(**expr);
  if (command == "print") return Print(**expr);
  if (command == "type") return std::string(ValueTypeName((*expr)->type));
  if (command == "spans") return SpansOf(text, **expr);
  return "unknown command";
}

std::string RunCase(const testing::TextCase& text_case) {
  const bool whole = !text_case.args.empty() && text_case.args[0] == "whole";
  if (whole) return Answer(text_case.command, text_case.input);
  std::string output;
  for (const std::string_view line : Split(text_case.input, '\n')) {
    output += fmt::format("{}\n    {}\n", line, Answer(text_case.command, line));
  }
  return output;
}

class ParserScriptTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ParserScriptTest, GivesWhatTheScriptSays) {
  testing::RunTextScript(fmt::format("tests/query/promql/testdata/{}.txt", GetParam()), RunCase);
}

INSTANTIATE_TEST_SUITE_P(Scripts, ParserScriptTest,
                         ::testing::Values("literals", "selectors", "modifiers", "operators",
                                           "calls", "durations", "errors", "print", "series"));

std::string Repeat(std::string_view text, int count) {
  std::string repeated;
  for (int i = 0; i < count; ++i) repeated += text;
  return repeated;
}

// Texts that nest `depth` levels, each in another way.
std::vector<std::string> DeepTexts(int depth) {
  return {
      Repeat("(", depth) + "1" + Repeat(")", depth),
      Repeat("-", depth) + "a",
      "a" + Repeat("+a", depth),
      "a" + Repeat("^a", depth),
      Repeat("abs(", depth) + "a" + Repeat(")", depth),
      Repeat("sum(", depth) + "a" + Repeat(")", depth),
      "a[" + Repeat("(", depth) + "1m" + Repeat(")", depth) + "]",
      "a[" + Repeat("-", depth) + "step()]",
      "a[1m" + Repeat("*2", depth) + "]",
      "a[1m" + Repeat("^2", depth) + "]",
      "a offset " + Repeat("min_of(1,", depth) + "1" + Repeat(")", depth),
  };
}

// Trees as high as allowed must not exhaust the stack while they are parsed, checked, printed and
// destroyed.
TEST(ParserLimitsTest, AllowedDepthParses) {
  for (const std::string& text : DeepTexts(kMaxNesting - 3)) {
    const absl::StatusOr<ExprPtr> expr = ParseExpr(text);
    ASSERT_OK(expr) << text.substr(0, 20);
    EXPECT_OK(ParseExpr(Print(**expr)));
  }
}

TEST(ParserLimitsTest, DepthIsLimited) {
  for (const int depth : {kMaxNesting + 1, 100'000}) {
    for (const std::string& text : DeepTexts(depth)) {
      EXPECT_THAT(ParseExpr(text), StatusIs(absl::StatusCode::kInvalidArgument,
                                            EndsWith("expression nests deeper than 500 levels")))
          << text.substr(0, 20);
    }
  }
  // Only the first subquery is of the right type, but the tree is made before that is noticed.
  EXPECT_THAT(ParseExpr("a" + Repeat("[1m:]", 100'000)),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

// Chains inside of nested parentheses add up.
TEST(ParserLimitsTest, HeightAddsUp) {
  std::string text = "a";
  for (int i = 0; i < 100; ++i) text = "(" + text + Repeat("+a", 400) + ")";
  EXPECT_THAT(ParseExpr(text), StatusIs(absl::StatusCode::kInvalidArgument,
                                        EndsWith("expression nests deeper than 500 levels")));
}

TEST(ParserLimitsTest, LengthIsLimited) {
  const std::string blanks(kMaxQueryBytes, ' ');
  EXPECT_OK(ParseExpr("1" + blanks.substr(1)));
  EXPECT_THAT(ParseExpr("1" + blanks), StatusIs(absl::StatusCode::kInvalidArgument,
                                                StartsWith("1:1: parse error: query is longer")));
  EXPECT_THAT(ParseSelector("a" + blanks), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ParserLimitsTest, RegularExpressionsAreLimited) {
  const std::string text = "a{" + Repeat("b=~\"c\",", 2001) + "}";
  EXPECT_THAT(ParseExpr(text), StatusIs(absl::StatusCode::kInvalidArgument,
                                        EndsWith("more than 2000 regular expressions in one "
                                                 "query")));
}

TEST(ParserTest, PositionsCountLinesAndBytes) {
  EXPECT_EQ(LocateOffset("ab\ncd", 0).column, 1);
  EXPECT_EQ(LocateOffset("ab\ncd", 4).line, 2);
  EXPECT_EQ(LocateOffset("ab\ncd", 4).column, 2);
  EXPECT_EQ(LocateOffset("ab\n", 3).line, 2);
  EXPECT_EQ(LocateOffset("ab\n", 3).column, 1);
}

TEST(ParserTest, ExperimentalFunctionsMayBeOff) {
  const ParseOptions off = {.experimental_functions = false};
  EXPECT_OK(ParseExpr("sort_by_label(x, \"job\")"));
  EXPECT_OK(ParseExpr("rate(x[5m])", off));
  EXPECT_THAT(ParseExpr("sum(sort_by_label(x, \"job\"))", off),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "1:5: parse error: function \"sort_by_label\" is not enabled"));
  EXPECT_THAT(ParseExpr("limitk(1, x)", off),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "1:1: parse error: limitk() is experimental and must be enabled with "
                       "--enable-feature=promql-experimental-functions"));
}

TEST(FunctionsTest, TableIsSortedAndInTheOrderOfItsIds) {
  const std::vector<FunctionSignature>& table = AllFunctions();
  ASSERT_EQ(table.size(), static_cast<size_t>(FunctionId::kYear) + 1);
  for (size_t i = 0; i < table.size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(table[i].id), i) << table[i].name;
    if (i > 0) {
      EXPECT_LT(table[i - 1].name, table[i].name);
    }
    EXPECT_EQ(FindFunction(table[i].name), &table[i]);
    EXPECT_TRUE(table[i].max_args == -1 || table[i].max_args >= table[i].min_args);
    EXPECT_EQ(table[i].args.empty(), table[i].max_args == 0);
  }
  EXPECT_EQ(FindFunction(""), nullptr);
  EXPECT_EQ(FindFunction("holt_winters"), nullptr);
  EXPECT_EQ(FindFunction("zzz"), nullptr);
}

}  // namespace
}  // namespace vigil::promql
