// SPDX-License-Identifier: Apache-2.0
#include "query/promql/lexer.h"

#include <cmath>

#include <gtest/gtest.h>

#include "query/promql/number_literal.h"
#include "query/promql/string_literal.h"
#include "tests/testing/status_matchers.h"

namespace vigil::promql {
namespace {

// The tokens' texts, "|" between them; an error instead of the last.
std::string Tokens(std::string_view text) {
  const LexResult result = Lex(text);
  std::string tokens;
  for (const Token& token : result.tokens) {
    if (!tokens.empty()) tokens += '|';
    tokens += text.substr(token.span.begin, token.span.end - token.span.begin);
  }
  return tokens + result.error;
}

TokenKind FirstKind(std::string_view text) { return Lex(text).tokens[0].kind; }

TEST(LexerTest, CutsTextIntoTokens) {
  EXPECT_EQ(Tokens(""), "");
  EXPECT_EQ(Tokens(" \t\r\n# only this"), "");
  EXPECT_EQ(Tokens("a+b"), "a|+|b|");
  EXPECT_EQ(Tokens("a{b!~\"c\"}[5m:1m]@1"), "a|{|b|!~|\"c\"|}|[|5m|:|1m|]|@|1|");
  EXPECT_EQ(Tokens("a>=b>/c</d<e"), "a|>=|b|>/|c|</|d|<|e|");
  EXPECT_EQ(Tokens("1e+5+1e5-1e"), "1e+5|+|1e5|-|bad number or duration syntax: \"1e\"");
  EXPECT_EQ(Tokens("0xe+1"), "0xe|+|1|");
  EXPECT_EQ(Tokens("a#b\n#c\nd"), "a|d|");
}

TEST(LexerTest, KeywordsHaveAnyCaseButNotInBraces) {
  EXPECT_EQ(FirstKind("oFFset"), TokenKind::kOffset);
  EXPECT_EQ(FirstKind("TOPK"), TokenKind::kAggregator);
  EXPECT_EQ(FirstKind("Atan2"), TokenKind::kAtan2);
  EXPECT_EQ(FirstKind("iNf"), TokenKind::kNumber);
  EXPECT_EQ(FirstKind("infinity"), TokenKind::kIdentifier);
  EXPECT_EQ(FirstKind("sum:x"), TokenKind::kMetricIdentifier);
  EXPECT_EQ(Lex("{sum=\"x\"}").tokens[1].kind, TokenKind::kIdentifier);
}

TEST(LexerTest, FillIsAWordOnlyBeforeAParenthesis) {
  EXPECT_EQ(FirstKind("fill(1)"), TokenKind::kFill);
  EXPECT_EQ(FirstKind("fill_left \n ("), TokenKind::kFillLeft);
  EXPECT_EQ(FirstKind("fill"), TokenKind::kIdentifier);
  EXPECT_EQ(FirstKind("fill_right + 1"), TokenKind::kIdentifier);
}

TEST(LexerTest, ColonsBelongToNamesOutsideOfBracketsOnly) {
  EXPECT_EQ(Tokens("a:b"), "a:b|");
  EXPECT_EQ(Tokens("a[5m:step()]"), "a|[|5m|:|step|(|)|]|");
}

TEST(LexerTest, SpansCoverTheTokens) {
  const LexResult result = Lex(" foo  [5m]");
  ASSERT_EQ(result.tokens.size(), 5u);
  EXPECT_EQ(result.tokens[0].span.begin, 1u);
  EXPECT_EQ(result.tokens[0].span.end, 4u);
  EXPECT_EQ(result.tokens[4].kind, TokenKind::kEnd);
  EXPECT_EQ(result.tokens[4].span.begin, 10u);
}

TEST(LexerTest, TokensAreDescribed) {
  const auto describe = [](std::string_view text) {
    return DescribeToken(Lex(text).tokens[0], text);
  };
  EXPECT_EQ(describe(""), "end of input");
  EXPECT_EQ(describe("foo"), "identifier \"foo\"");
  EXPECT_EQ(describe("a:b"), "metric identifier \"a:b\"");
  EXPECT_EQ(describe("\"x\""), "string \"\\\"x\\\"\"");
  EXPECT_EQ(describe("5"), "number \"5\"");
  EXPECT_EQ(describe("5m"), "duration \"5m\"");
  EXPECT_EQ(describe("+"), "<op:+>");
  EXPECT_EQ(describe("unless"), "<op:unless>");
  EXPECT_EQ(describe("by"), "<by>");
  EXPECT_EQ(describe("sum"), "<aggr:sum>");
  EXPECT_EQ(describe("("), "\"(\"");
  EXPECT_EQ(describe(std::string(1000, 'a')), "identifier \"" + std::string(80, 'a') + "\"...");
}

TEST(LexerTest, NumbersHaveTheirValues) {
  EXPECT_EQ(ParseNumber("017"), 15);
  EXPECT_EQ(ParseNumber("018"), 18);
  EXPECT_EQ(ParseNumber("01.5"), 1.5);
  EXPECT_EQ(ParseNumber("0xFF"), 255);
  EXPECT_EQ(ParseNumber("1_0"), 10);
  EXPECT_EQ(ParseNumber("1e400"), HUGE_VAL);
  EXPECT_TRUE(std::isnan(*ParseNumber("nan")));
  for (const char* const text :
       {"", "_1", "1_", "1__0", "0x", "0b1", "1.2.3", "-1", "x", "0x1p3"}) {
    EXPECT_EQ(ParseNumber(text), std::nullopt) << text;
  }
}

TEST(StringLiteralTest, EndsAtItsQuote) {
  EXPECT_EQ(StringLiteralLength("\"a\" b"), 3u);
  EXPECT_EQ(StringLiteralLength("'a\\'b'"), 6u);
  EXPECT_EQ(StringLiteralLength("`a\\`b"), 4u);
  EXPECT_EQ(StringLiteralLength("`a\nb`"), 5u);
  for (const char* const text : {"\"", "\"a", "\"a\\\"", "'a\n'", "'a\\\n'", "`", "\"\\"}) {
    EXPECT_EQ(StringLiteralLength(text), 0u) << text;
  }
}

TEST(StringLiteralTest, CodePointsBecomeUtf8) {
  EXPECT_EQ(UnquoteLiteral("\"\\u007f\\u0080\\u07ff\\u0800\\uffff\\U00010000\\U0010ffff\"").value(),
            "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
  EXPECT_EQ(UnquoteLiteral("'\\xc3\\xa9'").value(), "é");
  EXPECT_THAT(UnquoteLiteral("'\\xc3'"),
              vigil::testing::StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vigil::promql
