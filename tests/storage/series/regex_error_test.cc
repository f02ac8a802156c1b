// SPDX-License-Identifier: Apache-2.0
#include "storage/series/regex_error.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <re2/re2.h>

namespace vigil::storage {
namespace {

std::string ErrorOf(const std::string& pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return RegexError(re2::RE2(pattern, options));
}

// What Go says of the same expressions.
TEST(RegexErrorTest, InGosWords) {
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
      {"(?i", "invalid or unsupported Perl syntax: `(?i`"},
      {"\\", "trailing backslash at end of expression: ``"},
      {"\\q", "invalid escape sequence: `\\q`"},
  };
  for (const auto& [pattern, error] : kErrors) {
    EXPECT_EQ(ErrorOf(pattern), std::string("error parsing regexp: ") + error);
  }
}

TEST(RegexErrorTest, TooLarge) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(2000);
  EXPECT_EQ(RegexError(re2::RE2("((a{100}){10}){10}", options)),
            "error parsing regexp: expression too large: `((a{100}){10}){10}`");
}

}  // namespace
}  // namespace vigil::storage
