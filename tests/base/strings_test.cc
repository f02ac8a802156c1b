// SPDX-License-Identifier: Apache-2.0
#include "base/strings.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil {
namespace {

using ::testing::ElementsAre;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(StringsTest, MapsAreLookedUpByView) {
  StringMap<int> map = {{"a", 1}};
  EXPECT_EQ(map.find(std::string_view("a"))->second, 1);
  EXPECT_TRUE(map.contains("a"));
  EXPECT_FALSE(map.contains(std::string_view("ab").substr(1)));
}

TEST(StringsTest, Split) {
  EXPECT_THAT(Split("a,,b", ','), ElementsAre("a", "", "b"));
  EXPECT_THAT(Split("", ','), ElementsAre(""));
  EXPECT_THAT(Split(",", ','), ElementsAre("", ""));
  EXPECT_THAT(Split("a b", ','), ElementsAre("a b"));
}

TEST(StringsTest, TrimAndToLower) {
  EXPECT_EQ(Trim(" \t\r\na b \n"), "a b");
  EXPECT_EQ(Trim(" \t"), "");
  EXPECT_EQ(Trim(""), "");
  EXPECT_EQ(Trim("\va"), "\va") << "only the four";
  EXPECT_EQ(ToLower("ABCxyz-Z[\xc3\x84"), "abcxyz-z[\xc3\x84") << "ASCII only";
}

TEST(StringsTest, Hex) {
  const std::string bytes("\x00\x7f\x80\xff", 4);
  EXPECT_EQ(ToHex(bytes), "007f80ff");
  std::string back;
  EXPECT_TRUE(FromHex("007F80fF", &back));
  EXPECT_EQ(back, bytes);
  EXPECT_TRUE(FromHex("", &back));
  EXPECT_EQ(back, "");
  for (const std::string_view bad : {"0", "0g", "g0", "0 ", " 0", "0x", "00\xff\xff"}) {
    EXPECT_FALSE(FromHex(bad, &back)) << bad;
  }
}

// Sequences that are valid, each at the edge of a range.
const std::vector<std::string> kValid = {
    std::string(1, '\0'), "\x7f",
    "\xc2\x80",           "\xdf\xbf",
    "\xe0\xa0\x80",       "\xe0\xbf\xbf",
    "\xec\xbf\xbf",       "\xed\x80\x80",
    "\xed\x9f\xbf",       "\xee\x80\x80",
    "\xef\xbf\xbf",       "\xf0\x90\x80\x80",
    "\xf3\xbf\xbf\xbf",   "\xf4\x80\x80\x80",
    "\xf4\x8f\xbf\xbf",
};
// Bytes none of which begins a valid sequence.
const std::vector<std::string> kInvalid = {
    "\x80",              // A continuation alone.
    "\xbf",              //
    "\xc0\x80",          // NUL in two bytes.
    "\xc1\xbf",          // Overlong.
    "\xe0\x80\x80",      //
    "\xe0\x9f\xbf",      //
    "\xf0\x80\x80\x80",  //
    "\xf0\x8f\xbf\xbf",  //
    "\xed\xa0\x80",      // The first and the last surrogate.
    "\xed\xbf\xbf",      //
    "\xf4\x90\x80\x80",  // Beyond U+10FFFF.
    "\xf5\x80\x80\x80",  //
    "\xff",              //
    "\xfe",              //
    "\xc2",              // Cut short.
    "\xe1\x80",          //
    "\xf1\x80\x80",      //
};

TEST(StringsTest, Utf8AtEveryPlaceOfAWord) {
  for (int before = 0; before < 17; ++before) {
    for (int after = 0; after < 9; ++after) {
      const std::string head(before, 'a');
      const std::string tail(after, 'z');
      for (const std::string& valid : kValid) {
        EXPECT_TRUE(IsValidUtf8(head + valid + tail)) << ToHex(valid) << " behind " << before;
        EXPECT_EQ(ReplaceInvalidUtf8(head + valid + tail), head + valid + tail);
      }
      for (const std::string& invalid : kInvalid) {
        EXPECT_FALSE(IsValidUtf8(head + invalid + tail)) << ToHex(invalid) << " behind " << before;
      }
    }
  }
  EXPECT_TRUE(IsValidUtf8(""));
}

TEST(StringsTest, EachInvalidByteIsReplaced) {
  const std::string mark = "\xef\xbf\xbd";
  for (const std::string& invalid : kInvalid) {
    std::string expected = "a";
    for (size_t i = 0; i < invalid.size(); ++i) expected += mark;
    EXPECT_EQ(ReplaceInvalidUtf8("a" + invalid + "b"), expected + "b") << ToHex(invalid);
  }
  EXPECT_EQ(ReplaceInvalidUtf8("\xc3(\xc3\xa9"), mark + "(\xc3\xa9");
  EXPECT_EQ(ReplaceInvalidUtf8(""), "");
}

TEST(StringsTest, WhatWasReplacedIsValid) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 12, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const std::string clean = ReplaceInvalidUtf8(bytes);
    EXPECT_TRUE(IsValidUtf8(clean)) << ToHex(bytes);
    EXPECT_EQ(IsValidUtf8(bytes), clean == bytes) << ToHex(bytes);
  }
}

TEST(StringsTest, FormatValue) {
  const std::vector<std::pair<double, std::string>> cases = {
      {0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {-1.5, "-1.5"},
      {0.1, "0.1"},
      {1e6, "1000000"},
      {123456789.125, "123456789.125"},
      {1e-6, "0.000001"},
      {9.99e-7, "9.99e-07"},
      {1e-300, "1e-300"},
      {1e20, "100000000000000000000"},
      {999999999999999900000.0, "999999999999999900000"},
      {1e21, "1e+21"},
      {-2.5e22, "-2.5e+22"},
      {std::numeric_limits<double>::max(), "1.7976931348623157e+308"},
      {std::numeric_limits<double>::denorm_min(), "5e-324"},
      {kInfinity, "+Inf"},
      {-kInfinity, "-Inf"},
      {std::numeric_limits<double>::quiet_NaN(), "NaN"},
      {-std::numeric_limits<double>::quiet_NaN(), "NaN"},
  };
  for (const auto& [value, text] : cases) EXPECT_EQ(FormatValue(value), text);
}

TEST(StringsTest, FormatPlainNeverHasAnExponent) {
  EXPECT_EQ(FormatPlain(1e-7), "0.0000001");
  EXPECT_EQ(FormatPlain(-1e21), "-1" + std::string(21, '0'));
  EXPECT_EQ(FormatPlain(9007199254740991), "9007199254740991");
  EXPECT_EQ(FormatPlain(9007199254740992), "9007199254740992");
  EXPECT_EQ(FormatPlain(9007199254740994), "9007199254740994");
  EXPECT_EQ(FormatPlain(-123456789012345683968.0), "-123456789012345680000");
  EXPECT_EQ(FormatPlain(std::numeric_limits<double>::max()),
            "17976931348623157" + std::string(292, '0'));
  std::mt19937_64 random(5);
  for (int i = 0; i < 50'000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const std::string text = FormatPlain(value);
    double back = 0;
    ASSERT_TRUE(ParseDouble(text, &back)) << text;
    ASSERT_EQ(back, value) << text;
    ASSERT_EQ(text.find('e'), std::string::npos) << text;
  }
}

TEST(StringsTest, FormattedValuesReadBack) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 50'000; ++i) {
    // Any bits, and numbers of everyday size.
    const double value = i % 2 == 0 ? std::bit_cast<double>(random())
                                    : static_cast<double>(static_cast<int64_t>(random())) / 1e6;
    double back = 0;
    ASSERT_TRUE(ParseDouble(FormatValue(value), &back)) << FormatValue(value);
    ASSERT_TRUE(std::isnan(value) ? std::isnan(back)
                                  : std::bit_cast<uint64_t>(back) == std::bit_cast<uint64_t>(value))
        << FormatValue(value);
  }
}

TEST(StringsTest, ParseDouble) {
  const std::vector<std::pair<std::string, double>> cases = {
      {"0", 0},
      {"-0", -0.0},
      {"+1.5", 1.5},
      {".5", 0.5},
      {"5.", 5},
      {"1e3", 1000},
      {"1E+3", 1000},
      {"1e-3", 0.001},
      {"0x10", 16},
      {"-0X1p4", -16},
      {"0xA.8", 10.5},
      {"inf", kInfinity},
      {"+Inf", kInfinity},
      {"-INF", -kInfinity},
      {"infinity", kInfinity},
      {"1e400", kInfinity},
      {"-1e400", -kInfinity},
      {"0x1p9999", kInfinity},
      {"1e-400", 0},
      {"007", 7},
  };
  for (const auto& [text, expected] : cases) {
    double value = 17;
    EXPECT_TRUE(ParseDouble(text, &value)) << text;
    EXPECT_EQ(value, expected) << text;
    EXPECT_EQ(std::signbit(value), std::signbit(expected)) << text;
  }
  for (const std::string_view nan : {"NaN", "nan", "-nan", "+NAN"}) {
    double value = 17;
    EXPECT_TRUE(ParseDouble(nan, &value));
    EXPECT_TRUE(std::isnan(value));
  }
}

TEST(StringsTest, ParseDoubleRefuses) {
  for (const std::string_view text :
       {"",  "+",  "-",    "--1", "+-1",   "-+1",    "1 ",   " 1", "1,5",     "1_000", "1e", "e1",
        ".", "0x", "0x-1", "0xg", "-0x+1", "nan(1)", "NaNs", "in", "infinit", "1f",    "1s", "١"}) {
    double value = 17;
    EXPECT_FALSE(ParseDouble(text, &value)) << text;
    EXPECT_EQ(value, 17) << text;
  }
}

}  // namespace
}  // namespace vigil
