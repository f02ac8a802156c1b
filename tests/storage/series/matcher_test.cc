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
  EXPECT_THAT(Make(MatchType::kNotRegex, "a|b").literals(), IsEmpty());
  EXPECT_THAT(Make(MatchType::kEqual, "a|b").literals(), IsEmpty());
}

TEST(Matcher, ABadExpressionIsTheUsersError) {
  EXPECT_THAT(Matcher::Create(MatchType::kRegex, "l", "a("),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"a(\"")));
  // No error where it is a plain text.
  EXPECT_OK(Matcher::Create(MatchType::kEqual, "l", "a("));
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
