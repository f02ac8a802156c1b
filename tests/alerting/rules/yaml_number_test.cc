// SPDX-License-Identifier: Apache-2.0
#include "alerting/rules/yaml_number.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace vigil::alerting {
namespace {

TEST(YamlNumberTest, Integers) {
  EXPECT_EQ(YamlInteger("0"), 0);
  EXPECT_EQ(YamlInteger("-12"), -12);
  EXPECT_EQ(YamlInteger("+1_000"), 1000);
  EXPECT_EQ(YamlInteger("0x1F"), 31);
  EXPECT_EQ(YamlInteger("0b101"), 5);
  EXPECT_EQ(YamlInteger("0o17"), 15);
  EXPECT_EQ(YamlInteger("017"), 15);
  for (const char* const text :
       {"", "_1", "1.5", "x", "0x", "08", "1e3", "1 ", "--1", "99999999999999999999"}) {
    EXPECT_EQ(YamlInteger(text), std::nullopt) << text;
  }
}

TEST(YamlNumberTest, Numbers) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(YamlNumber("1.5"), 1.5);
  EXPECT_EQ(YamlNumber(".5"), 0.5);
  EXPECT_EQ(YamlNumber("5."), 5.0);
  EXPECT_EQ(YamlNumber("-1_0.5e-1"), -1.05);
  EXPECT_EQ(YamlNumber("+1E+3"), 1000.0);
  EXPECT_EQ(YamlNumber("08"), 8.0);
  EXPECT_EQ(YamlNumber("0x10"), 16.0);
  EXPECT_EQ(YamlNumber(".inf"), kInfinity);
  EXPECT_EQ(YamlNumber("-.Inf"), -kInfinity);
  EXPECT_EQ(YamlNumber("+.INF"), kInfinity);
  EXPECT_TRUE(std::isnan(YamlNumber(".NaN").value_or(0)));
  for (const char* const text :
       {"", ".", "e3", "inf", "NaN", "-.nan", ".iNf", "1.2.3", "1e", "0x1.8", "abc"}) {
    EXPECT_EQ(YamlNumber(text), std::nullopt) << text;
  }
}

TEST(YamlNumberTest, Flags) {
  for (const char* const text : {"true", "True", "TRUE", "yes", "On", "y", "Y"}) {
    EXPECT_EQ(YamlBool(text), true) << text;
  }
  for (const char* const text : {"false", "No", "OFF", "n"})
    EXPECT_EQ(YamlBool(text), false) << text;
  for (const char* const text : {"", "tRue", "1", "0", "yess"}) {
    EXPECT_EQ(YamlBool(text), std::nullopt) << text;
  }
}

TEST(YamlNumberTest, QuotedScalarsArePlainTexts) {
  EXPECT_TRUE(IsPlain(YAML::Load("1")));
  EXPECT_FALSE(IsPlain(YAML::Load("'1'")));
  EXPECT_FALSE(IsPlain(YAML::Load("\"1\"")));
  EXPECT_FALSE(IsPlain(YAML::Load("|\n  1\n")));
  EXPECT_FALSE(IsPlain(YAML::Load("[1]")));
}

}  // namespace
}  // namespace vigil::alerting
