// SPDX-License-Identifier: Apache-2.0
#include "alerting/manager/matcher_parser.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using storage::Matcher;
using vigil::testing::StatusIs;

std::string Print(const absl::StatusOr<std::vector<Matcher>>& matchers) {
  if (!matchers.ok()) return "error: " + std::string(MessageOf(matchers.status()));
  std::string text;
  for (const Matcher& matcher : *matchers) text += (text.empty() ? "" : " ") + matcher.ToString();
  return text;
}

struct Case {
  const char* text;
  const char* both;  // What ParseMatchers makes of it.
};

class MatcherText : public ::testing::TestWithParam<Case> {};

TEST_P(MatcherText, Means) {
  EXPECT_EQ(Print(ParseMatchers(GetParam().text)), GetParam().both) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Good, MatcherText,
    ::testing::Values(
        Case{"a=b", R"(a="b")"}, Case{"a!=b", R"(a!="b")"}, Case{"a=~b.*", R"(a=~"b.*")"},
        Case{"a!~\"b|c\"", R"(a!~"b|c")"}, Case{"{a=b}", R"(a="b")"}, Case{"{a=b,}", R"(a="b")"},
        Case{"a=b,c=d,", R"(a="b" c="d")"},
        Case{"  { a = b ,\tc != \"d e\" } ", R"(a="b" c!="d e")"}, Case{"a=\"\"", R"(a="")"},
        Case{"a=\"b,c\"", R"(a="b,c")"}, Case{R"(a="x\"y\\z\n")", R"(a="x\"y\\z\n")"},
        // Only the newer grammar reads these.
        Case{"\"with space\"=x", R"(with space="x")"}, Case{"größe=ö", R"(größe="ö")"},
        Case{R"("a"="\u00e9\x41\101\t")", R"(a="éAA\t")"}, Case{"1=2", R"(1="2")"},
        // Only the classic one reads these.
        Case{"a=", R"(a="")"}, Case{"a=b c", R"(a="b c")"}, Case{"a==b", R"(a="=b")"},
        Case{"a=b{c}d", R"(a="b{c}d")"}, Case{"a='b'", R"(a="'b'")"}, Case{"a=b\\", R"(a="b\\")"},
        Case{"a=x\\d", R"(a="x\\d")"}, Case{"{a=b", R"(a="b")"}, Case{"a=b}", R"(a="b")"},
        Case{"a={b}", R"(a="{b")"},
        // Both read these, differently: the classic one wins.
        Case{R"(a="\t")", R"(a="\\t")"}, Case{R"(a=~"\x41")", R"(a=~"\\x41")"}));

INSTANTIATE_TEST_SUITE_P(
    Bad, MatcherText,
    ::testing::Values(Case{"", "error: no matchers"}, Case{"{}", "error: no matchers"},
                      Case{"a", R"(error: expected an operator (=, !=, =~, !~) behind "a")"},
                      Case{"=b", R"(error: expected a label name before "=b")"},
                      Case{"{\"a b\"=c", "error: expected a closing brace"},
                      Case{"\"a b\"=c}", R"(error: unexpected "}")"},
                      Case{"\"\"=b", "error: empty label name"},
                      Case{"a=\"b", "error: missing closing quote"},
                      Case{R"("x y"="\q")", "error: invalid escape sequence"},
                      Case{R"("x y"="\ud800")", "error: invalid escape sequence"},
                      Case{R"("x y"="\xff")", "error: not valid UTF-8"},
                      Case{",a=b", R"(error: expected a label name before ",a=b")"},
                      Case{"a=b,,c=d", R"(error: expected a label name before ",c=d")"}));

TEST(Matchers, BadExpressionsAreErrors) {
  EXPECT_THAT(ParseMatchers("a=~\"(\"").status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(Matchers, EveryPrefixOfATextIsReadOrRefused) {
  const std::string text = R"({"a\u00e9\x41"=~"b|c\\\"", d!="\101",})";
  for (size_t length = 0; length <= text.size(); ++length) {
    for (const char tail : {'"', '\\', '{', '\xff', '='}) {
      const std::string piece = text.substr(0, length) + tail;
      (void)ParseMatchers(piece);
      (void)ParseUtf8Matchers(piece);
      (void)ParseClassicMatchers(piece);
    }
  }
}

}  // namespace
}  // namespace vigil::alerting
