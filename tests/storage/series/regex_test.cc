// SPDX-License-Identifier: Apache-2.0
#include "storage/series/regex.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <re2/re2.h>

#include "base/status.h"
#include "tests/testing/status_matchers.h"

namespace vigil::storage {
namespace {

std::string ErrorOf(const std::string& pattern) {
  return std::string(MessageOf(CompileRegex(pattern).status()));
}

// What Go says of the same expressions.
TEST(RegexTest, ErrorsAreInGosWords) {
  const std::pair<const char*, const char*> kErrors[] = {
      {"(a", "missing closing ): `(a`"},
      {"a)b", "unexpected ): `a)b`"},
      {"[a", "missing closing ]: `[a`"},
      {"[z-a]", "invalid character class range: `z-a`"},
      {"[[:foo:]]", "invalid character class range: `[:foo:]`"},
      {"*", "missing argument to repetition operator: `*`"},
      {"a**", "invalid nested repetition operator: `**`"},
      {"a{1001}", "invalid repeat count: `{1001}`"},
      {"(?P<n", "invalid named capture: `(?P<n`"},
      {"(?<n", "invalid named capture: `(?<n`"},
      {"(?<=a)b", "invalid or unsupported Perl syntax: `(?<`"},
      {"(?i", "invalid or unsupported Perl syntax: `(?i`"},
      {"\\", "trailing backslash at end of expression: ``"},
      {"\\q", "invalid escape sequence: `\\q`"},
      {"a\\Cb", "invalid escape sequence: `\\C`"},
  };
  for (const auto& [pattern, error] : kErrors) {
    EXPECT_EQ(ErrorOf(pattern), std::string("error parsing regexp: ") + error);
  }
  const std::string large = "((a{1000}){100}){100}";
  EXPECT_THAT(ErrorOf(large), ::testing::StartsWith("error parsing regexp: "));
}

TEST(RegexTest, NamesOfGroupsMayLackTheP) {
  EXPECT_EQ(ToRe2Syntax("(?<host>[^:]+):(?P<port>\\d+)"), "(?P<host>[^:]+):(?P<port>\\d+)");
  // Where they are no groups.
  EXPECT_EQ(ToRe2Syntax("[(?<a>]\\(?<b>"), "[(?<a>]\\(?<b>");
  EXPECT_EQ(ToRe2Syntax("[]\\](?<a>[:alpha:](?<b>](?<c>x)"), "[]\\](?<a>[:alpha:](?<b>](?P<c>x)");
  EXPECT_EQ(ToRe2Syntax("\\Q(?<a>\\E(?<b>x)"), "\\Q(?<a>\\E(?P<b>x)");
  EXPECT_EQ(ToRe2Syntax("\\Q(?<a>"), "\\Q(?<a>");
  EXPECT_EQ(ToRe2Syntax("\\\\(?<a>x)"), "\\\\(?P<a>x)");
  // What looks behind stays as it is, for the error to show it.
  EXPECT_EQ(ToRe2Syntax("(?<=a)(?<!b)"), "(?<=a)(?<!b)");
  // Cut short.
  for (const char* const pattern : {"(?<", "[(?<", "[^", "[", "\\", "(?<a\\"}) {
    EXPECT_EQ(ToRe2Syntax(pattern).size(), std::string(pattern).size() + (pattern[0] == '('));
  }
}

TEST(RegexTest, GroupsAreFoundByTheirNames) {
  const auto regex = CompileRegex("(?<first>.)(?P<second>.)").value();
  EXPECT_EQ(regex->NamedCapturingGroups().at("first"), 1);
  EXPECT_EQ(regex->NamedCapturingGroups().at("second"), 2);
}

TEST(RegexTest, DotsMatchNewlines) {
  EXPECT_TRUE(re2::RE2::FullMatch("a\nb", *CompileRegex("a.b").value()));
}

TEST(RegexTest, AnyByteIsNoEscapeInClassesAndQuotations) {
  EXPECT_TRUE(re2::RE2::FullMatch("\\C", *CompileRegex("\\Q\\C\\E").value()));
  EXPECT_TRUE(re2::RE2::FullMatch("\\C", *CompileRegex("\\\\C").value()));
}

}  // namespace
}  // namespace vigil::storage
