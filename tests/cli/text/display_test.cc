// SPDX-License-Identifier: Apache-2.0
#include "cli/text/display.h"

#include <string>

#include <gtest/gtest.h>

namespace vigil::cli {
namespace {

TEST(DisplayTest, WidthIsThatOfTheTerminal) {
  EXPECT_EQ(DisplayWidth(""), 0);
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("é"), 1);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1) << "an accent of its own";
  EXPECT_EQ(DisplayWidth("日本"), 4);
  EXPECT_EQ(DisplayWidth("😀"), 2);
  EXPECT_EQ(DisplayWidth("●⣿┤"), 3);
}

TEST(DisplayTest, WhatWouldUpsetATerminalIsMadeVisible) {
  EXPECT_EQ(Printable("plain é 日本"), "plain é 日本");
  EXPECT_EQ(Printable(std::string_view("a\tb\nc\0\x7f", 7)), "a\\tb\\nc\\x00\\x7f");
  EXPECT_EQ(Printable("\x1b[31m"), "\\x1b[31m");
  EXPECT_EQ(Printable("\u009b31m"), "\\u009b31m") << "the other way to begin a sequence";
  EXPECT_EQ(Printable("\u202egpj.exe"), "\\u202egpj.exe") << "text that runs backwards";
  EXPECT_EQ(Printable("bad \xff byte"), "bad \uFFFD byte");
}

TEST(DisplayTest, FrontAndBackAreWholeCharacters) {
  EXPECT_EQ(Front("abcdef", 3), "abc");
  EXPECT_EQ(Front("日本語", 3), "日");
  EXPECT_EQ(Front("abc", 9), "abc");
  EXPECT_EQ(Back("abcdef", 2), "ef");
  EXPECT_EQ(Back("日本語", 3), "語");
  EXPECT_EQ(Back("e\u0301x", 1), "x");
  EXPECT_EQ(Back("", 1), "");
}

TEST(DisplayTest, ShortenKeepsBothEnds) {
  EXPECT_EQ(Shorten("short", 5, true), "short");
  EXPECT_EQ(Shorten("llm_request_duration_seconds", 16, true), "llm_reques…conds");
  EXPECT_EQ(Shorten("llm_request_duration_seconds", 16, false), "llm_reques..onds");
  EXPECT_EQ(Shorten("日本語日本語", 7, true), "日本…語");
  EXPECT_EQ(Shorten("abc", 1, true), ".");
  EXPECT_EQ(Shorten("abc", 0, true), "");
  for (size_t width = 0; width < 30; ++width) {
    EXPECT_LE(DisplayWidth(Shorten("gateway-日本-7f9c4-é-production", width, true)), width);
    EXPECT_LE(DisplayWidth(Shorten("gateway-日本-7f9c4-é-production", width, false)), width);
  }
}

TEST(DisplayTest, Padding) {
  EXPECT_EQ(PadRight("日", 4), "日  ");
  EXPECT_EQ(PadLeft("日", 4), "  日");
  EXPECT_EQ(PadLeft("long", 2), "long");
}

TEST(DisplayTest, OneOrMore) {
  EXPECT_EQ(Plural(0, "alert"), "0 alerts");
  EXPECT_EQ(Plural(1, "alert"), "1 alert");
  EXPECT_EQ(Plural(2, "alert"), "2 alerts");
}

TEST(DisplayTest, BytesAsPeopleReadThem) {
  EXPECT_EQ(ReadableBytes(0), "0 B");
  EXPECT_EQ(ReadableBytes(1000), "1000 B");
  EXPECT_EQ(ReadableBytes(1024), "1 KiB");
  EXPECT_EQ(ReadableBytes(1.5 * 1024 * 1024), "1.5 MiB");
  EXPECT_EQ(ReadableBytes(1024. * 1024 * 1024 - 1), "1 GiB");
  EXPECT_EQ(ReadableBytes(-2048), "-2 KiB");
}

}  // namespace
}  // namespace vigil::cli
