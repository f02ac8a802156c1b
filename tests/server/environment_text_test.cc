// SPDX-License-Identifier: Apache-2.0
#include "server/environment_text.h"

#include <cstdlib>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace vigil::server {
namespace {

std::string Expand(std::string_view text) {
  return ExpandVariables(text, [](std::string_view name) -> std::string {
    if (name == "A") return "value";
    if (name == "A B") return "spaced";
    return name == "1" ? "one" : "";
  });
}

TEST(EnvironmentTextTest, NamesBecomeValues) {
  const std::pair<const char*, const char*> texts[] = {{"", ""},
                                                       {"plain", "plain"},
                                                       {"$A", "value"},
                                                       {"${A}", "value"},
                                                       {"x${A}y", "xvaluey"},
                                                       {"$A-q", "value-q"},
                                                       {"$A_q", ""},
                                                       {"$Aq", ""},
                                                       {"${NOPE}", ""},
                                                       {"$NOPE/$A", "/value"},
                                                       {"${A B}", "spaced"},
                                                       {"$1x", "onex"},
                                                       {"$$", "$"},
                                                       {"$$A", "$A"},
                                                       {"a$$$A", "a$value"},
                                                       {"${$}", "$"},
                                                       {"$", "$"},
                                                       {"a$", "a$"},
                                                       {"$ A", "$ A"},
                                                       {"100%", "100%"},
                                                       {"${", ""},
                                                       {"${A", "A"},
                                                       {"${}x", "x"},
                                                       {"$*x", "x"}};
  for (const auto& [text, expected] : texts) EXPECT_EQ(Expand(text), expected) << text;
}

TEST(EnvironmentTextTest, VariablesOfThisProcess) {
  ASSERT_EQ(::setenv("VIGIL_ENVIRONMENT_TEXT_TEST", "here", 1), 0);
  EXPECT_EQ(ExpandEnvironment("<${VIGIL_ENVIRONMENT_TEXT_TEST}>"), "<here>");
  EXPECT_EQ(ExpandEnvironment("<$VIGIL_ENVIRONMENT_TEXT_TEST_NOT>"), "<>");
}

}  // namespace
}  // namespace vigil::server
