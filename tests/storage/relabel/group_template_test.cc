// SPDX-License-Identifier: Apache-2.0
#include "storage/relabel/group_template.h"

#include <gtest/gtest.h>

namespace vigil::storage {
namespace {

TEST(GroupTemplateTest, PutsGroupsIn) {
  const re2::RE2 regex("(?P<head>[a-z]+)-([0-9]+)(x)?");
  std::vector<re2::StringPiece> groups;
  ASSERT_TRUE(MatchWhole(regex, "ab-12", &groups));
  const auto expand = [&](std::string_view text) {
    return GroupTemplate(text).Expand(regex, groups);
  };
  EXPECT_EQ(expand("$0"), "ab-12");
  EXPECT_EQ(expand("$2.$1"), "12.ab");
  EXPECT_EQ(expand("${head}1 $head1"), "ab1 ");
  EXPECT_EQ(expand("[$3][$4][$99999999999]"), "[][][]");
  EXPECT_EQ(expand("$$2 $"), "$2 $");
  // Letters of any script make names; other characters do not.
  EXPECT_EQ(expand("[$é][$1é][$€]"), "[][][$€]");
  EXPECT_EQ(expand(""), "");
}

TEST(GroupTemplateTest, MatchesAreWhole) {
  const re2::RE2 regex("a|ab");
  std::vector<re2::StringPiece> groups;
  EXPECT_TRUE(MatchWhole(regex, "ab", &groups));
  EXPECT_FALSE(MatchWhole(regex, "abc", &groups));
  EXPECT_FALSE(MatchWhole(regex, "", &groups));
}

}  // namespace
}  // namespace vigil::storage
