// SPDX-License-Identifier: Apache-2.0
#include "alerting/template/go_format.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil::text_template {
namespace {

// Rows as Go's fmt prints them.
TEST(GoFormatTest, ShortestFloats) {
  const struct {
    double value;
    const char* text;
  } kRows[] = {{0, "0"},
               {1, "1"},
               {100000, "100000"},
               {123456, "123456"},
               {999999, "999999"},
               {1e6, "1e+06"},
               {1234567, "1.234567e+06"},
               {123456789, "1.23456789e+08"},
               {200000.5, "200000.5"},
               {1234567.5, "1.2345675e+06"},
               {0.1, "0.1"},
               {0.0001234, "0.0001234"},
               {0.00001234, "1.234e-05"},
               {1e21, "1e+21"},
               {-2.5, "-2.5"},
               {9223372036854775807.0, "9.223372036854776e+18"},
               {std::numeric_limits<double>::infinity(), "+Inf"},
               {-std::numeric_limits<double>::infinity(), "-Inf"},
               {std::nan(""), "NaN"}};
  for (const auto& row : kRows) EXPECT_EQ(FormatFloat(row.value, 'g', kShortest), row.text);
}

TEST(GoFormatTest, Precisions) {
  EXPECT_EQ(FormatFloat(12345.678, 'e', 2), "1.23e+04");
  EXPECT_EQ(FormatFloat(2.675, 'f', 2), "2.67");
  EXPECT_EQ(FormatFloat(1234.5678, 'g', 3), "1.23e+03");
  EXPECT_EQ(FormatFloat(1e100, 'E', 1), "1.0E+100");
  EXPECT_EQ(FormatFloat(1e308, 'f', 0).size(), 309u);
  EXPECT_EQ(FormatFloat(1e308, 'f', kMaxWidth).size(), 310u + kMaxWidth);
}

TEST(GoFormatTest, WidthsAreBounded) {
  const List args = {1};
  ASSERT_OK_AND_ASSIGN(const std::string text, Sprintf("%99999999999999999999d", args));
  EXPECT_EQ(text, "%!(BADWIDTH)1");
  std::string format;
  for (int i = 0; i < 1000; ++i) format += "%[1]10000d";
  EXPECT_THAT(Sprintf(format, args),
              ::vigil::testing::StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(GoFormatTest, PrintPutsSpacesBetweenNeighboursThatAreNoTexts) {
  EXPECT_EQ(Sprint(List{1, 2, "a", 3, true, "b", "c"}),
            "1 2a3 trueb"
            "c");
  EXPECT_EQ(Sprintln(List{1, "a"}), "1 a\n");
}

}  // namespace
}  // namespace vigil::text_template
