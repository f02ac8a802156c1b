// SPDX-License-Identifier: Apache-2.0
#include "storage/series/matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/series/labels.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::vigil::testing::StatusIs;

Matcher Make(MatchType type, std::string value) {
  return Matcher::Create(type, "l", std::move(value)).value();
}

TEST(Matcher, EachTypeAndItsNegation) {
  const struct {
    MatchType type, negated;
    std::string pattern, matching, other;
  } cases[] = {
      {MatchType::kEqual, MatchType::kNotEqual, "a", "a", "ab"},
      {MatchType::kEqual, MatchType::kNotEqual, "", "", "x"},
      {MatchType::kEqual, MatchType::kNotEqual, ".*", ".*", "x"},
      {MatchType::kRegex, MatchType::kNotRegex, "a.c", "abc", "abcd"},
      {MatchType::kRegex, MatchType::kNotRegex, "a|bc", "bc", "abc"},
      {MatchType::kRegex, MatchType::kNotRegex, "a.+c", "a\nc", "ac"},
      {MatchType::kRegex, MatchType::kNotRegex, "5..", "503", "1503"},
      {MatchType::kRegex, MatchType::kNotRegex, "(?i)get", "GET", "GETS"},
      {MatchType::kRegex, MatchType::kNotRegex, "", "", "a"},
  };
  for (const auto& c : cases) {
    const Matcher matcher = Make(c.type, c.pattern);
    const Matcher negated = Make(c.negated, c.pattern);
    EXPECT_TRUE(matcher.Matches(c.matching)) << matcher.ToString() << " " << c.matching;
    EXPECT_FALSE(matcher.Matches(c.other)) << matcher.ToString() << " " << c.other;
    EXPECT_FALSE(negated.Matches(c.matching)) << negated.ToString() << " " << c.matching;
    EXPECT_TRUE(negated.Matches(c.other)) << negated.ToString() << " " << c.other;
  }
}

TEST(Matcher, KnowsWhetherItMatchesTheMissingLabel) {
  EXPECT_TRUE(Make(MatchType::kEqual, "").MatchesEmpty());
  EXPECT_TRUE(Make(MatchType::kNotEqual, "x").MatchesEmpty());
  EXPECT_TRUE(Make(MatchType::kRegex, ".*").MatchesEmpty());
  EXPECT_TRUE(Make(MatchType::kRegex, "a|").MatchesEmpty());
  EXPECT_FALSE(Make(MatchType::kRegex, ".+").MatchesEmpty());
  EXPECT_FALSE(Make(MatchType::kNotEqual, "").MatchesEmpty());
}

TEST(Matcher, LiteralsOfAnAlternation) {
  EXPECT_THAT(Make(MatchType::kRegex, "a|b|c d").literals(), ElementsAre("a", "b", "c d"));
  EXPECT_THAT(Make(MatchType::kRegex, "only").literals(), ElementsAre("only"));
  EXPECT_THAT(Make(MatchType::kRegex, "a|b.").literals(), IsEmpty());
  EXPECT_THAT(Make(MatchType::kRegex, "(a|b)").literals(), IsEmpty());
  EXPECT_THAT(Make(MatchType::kNotRegex, "a|b").literals(), ElementsAre("a", "b"));
  EXPECT_THAT(Make(MatchType::kEqual, "a|b").literals(), ElementsAre("a|b"));
  EXPECT_THAT(Make(MatchType::kRegex, R"(10\.0\.0\.1|a\|b)").literals(),
              ElementsAre("10.0.0.1", "a|b"));
  EXPECT_THAT(Make(MatchType::kRegex, R"(\d|b)").literals(), IsEmpty());
  EXPECT_THAT(Make(MatchType::kRegex, "a|").literals(), ElementsAre("a", ""));
}

TEST(Matcher, PrefixesAreNecessaryAndFastPathsAgreeWithTheExpression) {
  const struct {
    std::string pattern, prefix;
  } cases[] = {
      {"web-.*", "web-"},
      {"web-.+", "web-"},
      {"web[0-9]", "web"},
      {"webs*", "web"},
      {"webs?x", "web"},
      {"webs+", "webs"},
      {"webs{0}", "web"},
      {"web|db", ""},
      {"(web|db)x", ""},
      {"(?i)web", ""},
      {"web(a|b)", ""},
      {R"(a\.b.*)", "a.b"},
      {R"(a\d.*)", "a"},
      {"caf\xc3\xa9*", "caf"},
      {"^web", ""},
      {"web$", "web"},
      {".*", ""},
      {".+", ""},
      {"", ""},
  };
  const std::string texts[] = {
      "",    "web-", "web-1", "web", "we",  "webs", "webss", "websx", "webx", "WEB", "weba",
      "a.b", "a.bc", "axb",   "a1",  "caf", "db",   "dbx",   "web1",  "x\ny", "a",   "caf\xc3\xa9"};
  for (const auto& c : cases) {
    const Matcher matcher = Make(MatchType::kRegex, c.pattern);
    EXPECT_EQ(matcher.prefix(), c.prefix) << c.pattern;
    // The same expression in a form that has no fast path.
    const Matcher slow = Make(MatchType::kRegex, "(?:" + c.pattern + ")");
    for (const std::string& text : texts) {
      EXPECT_EQ(matcher.Matches(text), slow.Matches(text)) << c.pattern << " on " << text;
      EXPECT_TRUE(!matcher.Matches(text) || text.starts_with(matcher.prefix()));
      EXPECT_TRUE(!matcher.MatchesEveryText() || text.empty() || slow.Matches(text));
    }
  }
}

TEST(Matcher, ABadExpressionIsTheUsersError) {
  EXPECT_THAT(Matcher::Create(MatchType::kRegex, "l", "a("),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "error parsing regexp: missing closing ): `a(`"));
  // No error where it is a plain text.
  EXPECT_OK(Matcher::Create(MatchType::kEqual, "l", "a("));
}

// What Go says of the same expressions.
TEST(Matcher, ErrorsAreInGosWords) {
  const std::pair<const char*, const char*> kErrors[] = {
      {"a)b", "unexpected ): `a)b`"},
      {"[a", "missing closing ]: `[a`"},
      {"[z-a]", "invalid character class range: `z-a`"},
      {"[[:foo:]]", "invalid character class range: `[:foo:]`"},
      {"*", "missing argument to repetition operator: `*`"},
      {"a**", "invalid nested repetition operator: `**`"},
      {"a{1001}", "invalid repeat count: `{1001}`"},
      {"(?P<n", "invalid named capture: `(?P<n`"},
      {"(?i", "invalid or unsupported Perl syntax: `(?i`"},
      {"\\", "trailing backslash at end of expression: ``"},
      {"\\q", "invalid escape sequence: `\\q`"},
  };
  for (const auto& [pattern, error] : kErrors) {
    EXPECT_THAT(Matcher::Create(MatchType::kRegex, "l", pattern),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         std::string("error parsing regexp: ") + error));
  }
}

TEST(Matcher, AnExpressionThatTakesTooMuchMemoryIsRefused) {
  EXPECT_THAT(Matcher::Create(MatchType::kRegex, "l", "((((a{100}){100}){100}){100})"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(Matcher, TextIsPromQls) {
  EXPECT_EQ(Matcher::Equal("job", "a\"b").ToString(), R"(job="a\"b")");
  EXPECT_EQ(Matcher::NotEqual("job", "x").ToString(), R"(job!="x")");
  EXPECT_EQ(Make(MatchType::kRegex, "a.b").ToString(), R"(l=~"a.b")");
  EXPECT_EQ(Make(MatchType::kNotRegex, "a").ToString(), R"(l!~"a")");
}

TEST(Matcher, AllMustMatchAndAMissingLabelIsEmpty) {
  const Labels labels = {{"a", "1"}, {"b", "2"}};
  EXPECT_TRUE(MatchesAll({}, labels));
  EXPECT_TRUE(MatchesAll({Matcher::Equal("a", "1"), Matcher::Equal("c", "")}, labels));
  EXPECT_TRUE(MatchesAll({Matcher::NotEqual("c", "x")}, labels));
  EXPECT_FALSE(MatchesAll({Matcher::Equal("a", "1"), Matcher::Equal("b", "1")}, labels));
}

}  // namespace
}  // namespace vigil::storage
